"""One file a command. A new file here is a new command; nothing else lists them."""
