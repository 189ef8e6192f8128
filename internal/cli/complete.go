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

// completeLevel completes the policies of a level, of which the last is begun.
func completeLevel(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	end := strings.LastIndexByte(begun, ',') + 1
	refs := references(begun[end:])
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
	for _, name := range managed.Names() {
		if strings.HasPrefix(name, begun) {
			refs = append(refs, name)
		}
	}
	return refs
}

// completeAction completes an action: first the service, then its actions.
func completeAction(_ *cobra.Command, _ []string, begun string) (actions []cobra.Completion, _ cobra.ShellCompDirective) {
	prefix, _, ok := strings.Cut(begun, ":")
	if !ok {
		for _, s := range authref.Services() {
			if strings.HasPrefix(s, prefix) {
				actions = append(actions, s+":")
			}
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
