"""The mixture of public sets that the starter learns from: sources, licences, building it, balance and overlap."""
