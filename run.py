"""python run.py [overrides]: the same as ``ferbench run [overrides]``."""

from ferbench.app.hydra.entry import main

if __name__ == "__main__":
    main()
