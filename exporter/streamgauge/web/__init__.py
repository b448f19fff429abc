"""Serves what is known, to programs and to people: `/metrics`, probes, the JSON API and the page.

Reads the store through the ``Readings`` protocol; imports neither sources nor configuration.
"""
