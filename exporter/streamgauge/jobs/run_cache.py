"""Runs that events came for lately, as the database has them: a heartbeat need not read a whole run."""

from collections import OrderedDict

from streamgauge.jobs.run_image import RunImage

_MOST_STEPS = 20_000


class RunCache:
    """The runs that were used last, by job and run; bounded by their steps together. Of the writing thread alone."""

    def __init__(self) -> None:
        self._images: OrderedDict[tuple[str, str], RunImage] = OrderedDict()
        self._steps = 0

    def get(self, name: tuple[str, str]) -> RunImage | None:
        """A run; None: it is not here."""
        image = self._images.get(name)
        if image is not None:
            self._images.move_to_end(name)
        return image

    def put(self, image: RunImage) -> None:
        """A run as it was written."""
        name = (image.job, image.run)
        self.remove(name)
        self._images[name] = image
        self._steps += len(image.states)
        while self._steps > _MOST_STEPS:
            _, oldest = self._images.popitem(last=False)
            self._steps -= len(oldest.states)

    def remove(self, name: tuple[str, str]) -> None:
        """A run that is given up."""
        image = self._images.pop(name, None)
        if image is not None:
            self._steps -= len(image.states)

    def clear(self) -> None:
        """All: what the database has may be another thing."""
        self._images.clear()
        self._steps = 0
