"""The operators: the code that rules name, a file each."""
