"""Tells Streamgauge what a job does: its phases, progress and resources, and what an application acts on."""

__version__ = "0.1.0"
