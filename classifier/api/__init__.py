"""The REST API: what every version shares here, the endpoints in one package a version or dialect."""
