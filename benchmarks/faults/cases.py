"""x"""
def report_cases(path, only): pass
