"""Small log files of other tools, made by the tools themselves."""
