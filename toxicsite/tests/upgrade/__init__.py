"""An installation of the last release goes on with this version: its rows stay, its pages answer."""
