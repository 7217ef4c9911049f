"""Policies that work between memory and assistant, tried in the same run and usable in front of a live one."""
