"""The sample city and what runs the demo; no part of the installed package."""
