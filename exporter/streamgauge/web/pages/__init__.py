"""The page at `/`: rendered here, with CSS and scripts of our own; what is shown is decided in Python alone."""
