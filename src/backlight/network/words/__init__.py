"""The words of the description language, by family; every file here is found and registered by itself."""
