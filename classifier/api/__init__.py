"""The toolkit of the REST API: parsing, authentication, errors, paging, its OpenAPI file."""
