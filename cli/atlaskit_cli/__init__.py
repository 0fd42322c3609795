"""The command line of atlaskit: option types, one library call and one report per command."""
