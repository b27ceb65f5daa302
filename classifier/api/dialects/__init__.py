"""Other services' wire formats, answered so that their own clients work by changing base URL and key."""
