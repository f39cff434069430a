"""E"""
def collect():
    return {}
def show(noted, console, port):
    pass
