"""The program that watches over commands, here and on other machines. Standard library alone, Python 3.7 and later.

Its modules are sent to the machine as they stand (see `shim.py`); they import nothing but one another, by whole names,
and what every Python has.
"""
