// Package cli is the command line of Writ, as a function: [Run] takes arguments and streams, and returns the exit
// status. Command writ adds only the process around it.
//
//	writ serve             serve the IAM and STS APIs
//	writ decide            decide a request, or many, and say why
//	writ diff              what one policy allows and another does not
//	writ check             the custom policy checks of IAM Access Analyzer
//	writ validate          what is wrong with a policy, or could be better
//	writ escalate          what policies let their holder become, and what closes the ways
//	writ escalate graph    who in an account reaches administration; also paths, who-can and what-can
//	writ needs             what deploying templates needs, or recorded calls used, and the least policy for it
//	writ catalog list      the AWS managed policies
//	writ catalog show      the document of one
//	writ catalog versions  the versions of one
//	writ catalog log       what each version of one added and removed
//	writ catalog blame     which version granted each permission
//	writ catalog audit     which updates of managed policies took access away
//	writ catalog watch     what owners publish on a server, as it comes
//	writ catalog rule      the document that a rule over access levels makes
//	writ reference         a newer service reference, and the policies that rules make from it
//	writ org               accounts, units and their SCPs and RCPs on a server
//	writ roles             the roles that services assume, with their managed policies
//	writ service           services that may forward their callers' calls to a server
//	writ completion        a completion script for a shell
//	writ version           the version of this program
//
// Each command is a file here, its help beside its flags. The commands hold no logic of their own: they read files,
// call the packages below, and print.
//
// # What a command may print
//
//   - Results go to standard output, and nothing else does: what is printed there can be piped, and writ catalog show
//     prints what writ decide --policy reads. With --json it is JSON, of which members are only ever added.
//   - An error is one line on standard error that begins with writ: and names the place: the flag, or the file with line
//     and column. There is no usage text and no stack trace behind it. Nothing that stands in a policy reaches the
//     terminal as a control character.
//   - Colours are for terminals, and not if NO_COLOR is set (https://no-color.org).
//   - Texts are sentences without a capital at the start and without a full stop at the end, if there is only one.
//
// # Exit status
//
// 0 for success, for an allowed request, and for a check that passes; 1 for a denied request, for policies that differ (writ
// diff --exit-code), for a check that fails, if writ escalate finds a way to administration, if writ needs finds
// a call that is denied, if writ validate has findings that matter, if writ catalog audit finds access that was taken away, and if writ catalog list or blame finds nothing; 2 for any error; 3 if what
// writ diff, check, escalate or needs was to find out is not known.
package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The exit statuses.
const (
	success  = 0
	denied   = 1
	differs  = 1 // as that of git diff
	failed   = 1 // of a check
	notFound = 1 // as that of grep
	findings = 1
	failure  = 2
	unknown  = 3
)

// Run executes the command line args, which do not include the program's name, and returns the exit status.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{
		args:   append([]string{}, args...), // not nil, for which cobra takes those of the process
		stdin:  stdin,
		stdout: output{bufio.NewWriter(stdout), stdout},
		stderr: stderr,
		screen: screenOf(stdout),
	}
	err := p.root().ExecuteContext(ctx)
	if unwritten := p.stdout.Flush(); err == nil { // else it may be the same error again
		err = unwritten
	}
	if err != nil {
		fmt.Fprintf(stderr, "writ: %s\n", printable(err.Error()))
		return failure
	}
	return p.status
}

// A program is one execution of the command line.
type program struct {
	args      []string
	stdin     io.Reader
	stdinUsed string // by which flag
	stdout    output
	stderr    io.Writer
	screen    screen
	status    int // to exit with, if there is no error
}

// An output is standard output, buffered, and the stream beneath for what comes in blocks of its own.
type output struct {
	*bufio.Writer
	beneath io.Writer
}

// print writes a line to standard output.
func (p *program) print(format string, args ...any) { fmt.Fprintf(p.stdout, format+"\n", args...) }

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "writ",
		Short: "An open IAM: decide requests as AWS does, and serve its APIs",
		Long: `Writ is an open IAM. It decides requests as AWS IAM does, and proves what a change to a policy
means, offline, with the policies that you name: your own files, or any version of any AWS
managed policy, which are built in. And it serves IAM, STS and Organizations to the AWS CLI, the
SDKs and Terraform.`,
		Example: `  writ decide --policy ReadOnlyAccess --action s3:GetObject --resource arn:aws:s3:::b/k
  writ diff AdministratorAccess-Amplify@v10 AdministratorAccess-Amplify@v11
  writ catalog show AdministratorAccess-Amplify@v10`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetArgs(p.args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetUsageFunc(usage(root.UsageFunc()))
	root.SetHelpCommand(p.help())
	root.AddCommand(p.serve(), p.decide(), p.diff(), p.check(), p.escalate(), p.needs(), p.validate(), p.catalog(), p.reference(), p.org(), p.service(), p.roles(), p.version())
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.HasSubCommands() && c.RunE == nil { // catalog, and completion, which is cobra's
			p.onlyCommands(c)
		}
	}
	p.onlyCommands(root)
	version := root.Flags().Bool("version", false, "print the version of this program, and the date of what it knows")
	help := root.RunE
	root.RunE = func(c *cobra.Command, args []string) error {
		if *version {
			p.printVersion()
			return nil
		}
		return help(c, args)
	}
	return root
}

// usage makes what prints the usage of a command: that of one that only holds others does not say that it runs alone.
func usage(print func(*cobra.Command) error) func(*cobra.Command) error {
	return func(c *cobra.Command) error {
		if c.Annotations[holdsCommands] != "" {
			run := c.RunE
			defer func() { c.RunE = run }()
			c.RunE = nil
		}
		return print(c)
	}
}

// holdsCommands is the annotation of a command that does nothing but hold others.
const holdsCommands = "writ: only holds commands"

// onlyCommands makes a command that does nothing but hold others: by itself it prints its help.
func (p *program) onlyCommands(c *cobra.Command) {
	c.Annotations = map[string]string{holdsCommands: "yes"}
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(c, args[0])
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
}

func unknownCommand(c *cobra.Command, name string) error {
	c.SuggestionsMinimumDistance = 2
	return fmt.Errorf("unknown command %q for %q%s", name, c.CommandPath(), didYouMean(c.SuggestionsFor(name)))
}

func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(names, " or ") + "?"
}

// alternatives lists words of which one is meant.
func alternatives(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}

// flagError puts the error of a flag into words. To one that does not exist it adds the flags that may be meant.
func flagError(c *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok && invalid.GetFlag().Value.Type() == "bool" {
		return fmt.Errorf("--%s: %q is neither true nor false", invalid.GetFlag().Name, invalid.GetValue())
	}
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	// cobra knows the names that are near to one for commands only; so the flags pose as commands.
	posing := &cobra.Command{SuggestionsMinimumDistance: 2}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		posing.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	names := posing.SuggestionsFor(unknown.GetSpecifiedName())
	for i, name := range names {
		names[i] = "--" + name
	}
	return fmt.Errorf("%w%s", err, didYouMean(names))
}

func (p *program) help() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print the help of a command",
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(found, rest[0])
			}
			return found.Help()
		},
	}
}

// arguments makes the check that a command got the arguments that it is said to take, such as "NAME".
func arguments(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) > len(names) && len(names) == 0:
			return fmt.Errorf("%s takes no arguments, but flags; found %q", c.CommandPath(), args[0])
		case len(args) > len(names):
			return fmt.Errorf("%s takes one %s; found %q, too", c.CommandPath(), names[0], args[len(names)])
		case len(args) < len(names):
			return fmt.Errorf("%s needs a %s; see %s --help", c.CommandPath(), names[len(args)], c.CommandPath())
		}
		return nil
	}
}
