"""Run the command line as ``python -m atlaskit_cli``."""

from atlaskit_cli.app import main

main()
