"""The signals, one file a family. A new file here is found by itself."""
