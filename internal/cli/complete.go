package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/managed"
)

// mustComplete sets the completion of a flag that exists.
func mustComplete(c *cobra.Command, flag string, complete cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err)
	}
}

// completePolicy completes a policy: managed policies, and files where none of these begins so.
func completePolicy(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return references(begun), cobra.ShellCompDirectiveDefault
}

// completeSCPs completes the policies of a level of SCPs.
func completeSCPs(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return completeLevel(begun, func(begun string) []cobra.Completion {
		return append(references(begun), beginning(begun, []string{"FullAWSAccess"})...)
	})
}

// completeRCPs completes the policies of a level of RCPs. These name a Principal, which the policies of IAM do not.
func completeRCPs(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return completeLevel(begun, func(begun string) []cobra.Completion {
		return beginning(begun, []string{"RCPFullAWSAccess"})
	})
}

// completeLevel completes the policies of a level, of which the last is begun.
func completeLevel(begun string, complete func(begun string) []cobra.Completion) ([]cobra.Completion, cobra.ShellCompDirective) {
	end := strings.LastIndexByte(begun, ',') + 1
	refs := complete(begun[end:])
	for i := range refs {
		refs[i] = begun[:end] + refs[i]
	}
	return refs, cobra.ShellCompDirectiveDefault
}

// completeReference completes the one argument that is a managed policy.
func completeReference(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return references(begun), cobra.ShellCompDirectiveNoFileComp
}

// completeName completes the one argument that is the name of a managed policy, without a version.
func completeName(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return beginning(begun, managed.Names()), cobra.ShellCompDirectiveNoFileComp
}

// completeTwoPolicies completes two arguments that are policies.
func completeTwoPolicies(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return completePolicy(c, args, begun)
}

// completeWords makes the completion of a flag that takes one of some words.
func completeWords(words ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return beginning(begun, words), cobra.ShellCompDirectiveNoFileComp
	}
}

// references returns the names of managed policies that begin so; behind an @, the versions.
func references(begun string) (refs []cobra.Completion) {
	if name, _, ok := strings.Cut(begun, "@"); ok {
		if p, ok := managed.Lookup(name); ok {
			for _, v := range p.Versions() {
				refs = append(refs, v.Ref())
			}
		}
		return refs
	}
	return beginning(begun, managed.Names())
}

// beginning returns the names that begin so.
func beginning(begun string, names []string) (found []cobra.Completion) {
	for _, name := range names {
		if strings.HasPrefix(name, begun) {
			found = append(found, name)
		}
	}
	return found
}

// completeActions completes actions separated by commas, of which the last is begun.
func completeActions(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	end := strings.LastIndexByte(begun, ',') + 1
	actions, directive := completeAction(c, args, begun[end:])
	for i := range actions {
		actions[i] = begun[:end] + actions[i]
	}
	return actions, directive
}

// completeAction completes an action: first the service, then its actions.
func completeAction(_ *cobra.Command, _ []string, begun string) (actions []cobra.Completion, _ cobra.ShellCompDirective) {
	prefix, _, ok := strings.Cut(begun, ":")
	if !ok {
		for _, s := range beginning(prefix, authref.Services()) {
			actions = append(actions, s+":")
		}
		return actions, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	if service, ok := authref.Lookup(prefix); ok {
		for i := range service.Actions {
			if name := service.Actions[i].String(); strings.HasPrefix(name, begun) {
				actions = append(actions, name)
			}
		}
	}
	return actions, cobra.ShellCompDirectiveNoFileComp
}
