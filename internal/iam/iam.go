// Package iam gives the store's keys and records their meaning: accounts, users, groups, roles, managed policies and
// what belongs to them, with the laws that AWS keeps for them.
//
// # Records
//
// A Record is one entity as it is stored: [User], [Group], [Role], [Policy], [InstanceProfile], [AccessKey] and so on.
// Names are unique in an account whatever their case, so that a record's key has the name in lower case and the record
// has it as it was given. One entity refers to another by its unique id (a user to its groups, an instance profile to
// its role) or by an ARN where AWS does (attached policies, boundaries).
//
// On disk a record is its format's number, a space, and JSON: "1 {…}". Members are only ever added within a format, so
// that a newer program reads what an older one wrote. An older one refuses a format or a member that it does not know:
// it may be a restriction, which must be neither overlooked nor lost.
//
// # Laws
//
// The functions that take a [Txn] change records and keep what AWS promises: five versions and one default, nothing
// deleted while something refers to it, no more of anything than the quotas allow. Each of them either does its work or
// returns an [*Error] with AWS's code and message and has written nothing that will be committed. They have no clock
// and no dice: times and ids are arguments.
//
// Some laws bind two records that do not name each other: a managed policy is not deleted while it is attached
// somewhere. For these there are guards, keys without a record: one a reference, below the id of what is referred to.
// Deleting looks whether there is any, and because a transaction holds only if what it read still holds, an attachment
// made at the same moment makes one of the two fail or wait.
//
// Quotas on how many entities an account has are checked by the callers against their snapshot, which counts for
// nothing; two requests at the same moment can exceed such a quota by one. The quotas within one record (versions,
// attachments, keys) are exact.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
package iam
