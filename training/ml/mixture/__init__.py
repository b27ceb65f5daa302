"""The mixture that the starter learns from: public sets and their licences, which rows of them, rows made by rule."""
