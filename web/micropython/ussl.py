# The old name of ssl.

from ssl import *
