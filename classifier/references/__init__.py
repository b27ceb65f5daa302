"""Reference services beside this site, the comparison of scores, and maps between them."""
