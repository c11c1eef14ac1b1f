"""stub"""
GUARDS = ()
class Assistant:
    @staticmethod
    def whole(*a): pass
    @staticmethod
    def short(*a): pass
