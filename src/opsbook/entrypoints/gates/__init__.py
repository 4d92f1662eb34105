"""What stands before the routes of the web door: who asks, by which address, how much, and what every answer carries.

Written as plain ASGI, because it runs for every request, the kept pages among them.
"""
