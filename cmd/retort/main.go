// Command retort turns many unlabelled images and a few labels into a small,
// accurate classifier.
package main

import "github.com/spf13/cobra"

func main() { exit(execute(commands())) }

// commands is the table of contents: one file each.
func commands() []*cobra.Command {
	return []*cobra.Command{
		runCommand(),
		planCommand(),
		graphCommand(),
		sweepCommand(),
		inspectCommand(),
		configCommand(),
		synthCommand(),
		viewsCommand(),
		predictCommand(),
		embedCommand(),
		tfrecordCommand(),
		checkpointCommand(),
		benchCommand(),
		doctorCommand(),
		versionCommand(),
	}
}
