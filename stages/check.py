"""Say what is wrong with params.yaml before DVC looks for what it names."""

import sys

from spectralnet.config import read_params
from spectralnet.errors import ParameterError

if __name__ == "__main__":
    try:
        read_params()
    except ParameterError as error:
        sys.exit(str(error))
