// Writes figures as wording.py does: the same row may be written by either.
const JOIN = "\u00a0";
const LEAST = 0.05;
const THOUSANDS = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0, roundingMode: "halfEven" });
const TENTHS = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1, roundingMode: "halfEven" });

export function count(number) {
  return THOUSANDS.format(number);
}

/** A number that somebody told, which need not be whole. */
export function told(amount) {
  return Number.isInteger(amount) ? count(amount) : TENTHS.format(amount);
}

export function counted(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export function rate(number) {
  if (number > 0 && number < LEAST) return `<${JOIN}0.1`;
  return number > 0 && number < 10 ? TENTHS.format(number) : count(number);
}

export function seconds(number) {
  if (number === 0) return `0${JOIN}s`;
  if (number < LEAST) return `<${JOIN}0.1${JOIN}s`;
  return number < 100 - LEAST ? `${TENTHS.format(number)}${JOIN}s` : span(number);
}

export function span(number) {
  if (number > 0 && number < 1) return `<${JOIN}1${JOIN}s`;
  const whole = rounded(number);
  if (whole < 60) return `${whole}${JOIN}s`;
  if (whole >= 86400) return two(Math.floor(whole / 86400), "d", Math.floor((whole % 86400) / 3600), "h");
  if (whole >= 3600) return two(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  return two(Math.floor(whole / 60), "min", whole % 60, "s");
}

// As Python rounds: a half goes to the even neighbour.
function rounded(number) {
  const whole = Math.round(number);
  return whole - number === 0.5 && whole % 2 ? whole - 1 : whole;
}

function two(large, largeName, small, smallName) {
  return `${large}${JOIN}${largeName}${small ? ` ${small}${JOIN}${smallName}` : ""}`;
}

export function ago(number) {
  const whole = Math.max(0, Math.floor(number));
  for (const [unit, name] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (whole >= unit) return `${Math.floor(whole / unit)} ${name} ago`;
  }
  return `${whole} s ago`;
}

export function percent(ratio) {
  return `${Math.floor(Math.min(Math.max(ratio, 0), 1) * 100 + 1e-9)}${JOIN}%`;
}

/** A name from outside with what cannot be seen made visible. */
export function shown(name) {
  if (name === "") return "(empty name)";
  return name.replace(/\p{C}/gu, (character) => {
    const code = character.codePointAt(0);
    const known = { 9: "\\t", 10: "\\n", 13: "\\r" }[code];
    if (known) return known;
    const [letter, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
    return `\\${letter}${code.toString(16).padStart(digits, "0")}`;
  });
}
