"""The one reader of files of rows, as people have them: for imports, comparisons, data sets and `score`."""
