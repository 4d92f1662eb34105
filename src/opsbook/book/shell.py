class V: used=(); assigned=()
def variables(t): return V
