"""What has another name in older versions."""
try:
    from asgiref.sync import iscoroutinefunction
except ImportError:     # before 3.6; that of asyncio is deprecated since Python 3.14
    from asyncio import iscoroutinefunction

__all__ = ["iscoroutinefunction"]
