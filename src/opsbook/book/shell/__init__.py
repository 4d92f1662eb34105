"""What a shell script does, as far as a book needs it: variables, secrets, destruction, terminals, names, syntax.

Refuses to run anything and never raises, whatever the text. Every position is a byte offset within the script. Each
question is asked of the module that answers it, so that a page pays for those alone; the parser is imported only by
the first script that needs it, and most scripts are answered without one.
"""
