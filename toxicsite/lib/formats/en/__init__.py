"""For English, the one language of this site."""
