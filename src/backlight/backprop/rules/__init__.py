"""The rules, one file a family. Every module of this package is imported when the first rule is looked up."""
