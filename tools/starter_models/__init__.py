"""How the starter models were made, so that anybody can make them again. Nothing else in Studio
imports this.
"""
