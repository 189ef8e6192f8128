package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// statusTimeout bounds the wait for each member: Status is to tell of those that do not answer.
const statusTimeout = 2 * time.Second

// noSpace is what the alarm begins with that etcd raises when the quota is used up.
const noSpace = "no space"

// A node is what one endpoint said of itself.
type node struct {
	endpoint string
	status   *clientv3.StatusResponse // nil if it did not answer
	err      error
}

// nodes asks each endpoint, all at once.
func (s *etcd) nodes(ctx context.Context) []node {
	endpoints := s.client.Endpoints()
	if len(endpoints) == 0 {
		endpoints = []string{""} // the client is in process
	}
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	all := make([]node, len(endpoints))
	var asked sync.WaitGroup
	for i, endpoint := range endpoints {
		asked.Go(func() {
			n := node{endpoint: endpoint}
			n.err = s.call(ctx, func() (err error) {
				n.status, err = s.client.Status(ctx, endpoint)
				return err
			})
			all[i] = n
		})
	}
	asked.Wait()
	return all
}

// members lists the members of the cluster as one of them knows it, which takes no leader.
func (s *etcd) members(ctx context.Context) (members []*etcdserverpb.Member, err error) {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	err = s.call(ctx, func() error {
		resp, err := s.client.MemberList(ctx, clientv3.WithSerializable())
		if err == nil {
			members = resp.Members
		}
		return err
	})
	return members, err
}

func (s *etcd) Status(ctx context.Context) (Status, error) {
	ctx, leave := s.enter(ctx)
	defer leave()
	nodes := s.nodes(ctx)
	members, err := s.members(ctx)
	st, answered := Status{Members: len(members)}, false
	if err != nil {
		st.Members = len(nodes) // as far as is known
	}
	for _, n := range nodes {
		if n.status == nil {
			err = n.err
			st.Alarms = append(st.Alarms, fmt.Sprintf("no answer: the etcd member at %s: %v", n.endpoint, n.err))
			continue
		}
		answered = true
		st.add(n.status, members)
	}
	if !answered {
		return Status{}, typed(ctx, err)
	}
	slices.Sort(st.Alarms)
	st.Alarms = slices.Compact(st.Alarms)
	return st, nil
}

// add adds what one member said. Of sizes it keeps those of the member that is nearest to its quota.
func (st *Status) add(r *clientv3.StatusResponse, members []*etcdserverpb.Member) {
	st.Revision = max(st.Revision, Revision(r.Header.Revision))
	if r.DbSize > st.Size {
		st.Size, st.Used, st.Quota = r.DbSize, r.DbSizeInUse, r.DbSizeQuota
	}
	if r.Leader != 0 {
		st.Leader = name(members, r.Leader)
	} else {
		st.Alarms = append(st.Alarms, fmt.Sprintf(
			"no leader: the etcd member %s sees none; nothing can be written until most members are up",
			name(members, r.Header.MemberId)))
	}
	for _, e := range r.Errors {
		switch {
		case strings.Contains(e, etcdserverpb.AlarmType_NOSPACE.String()):
			st.Alarms = append(st.Alarms, fmt.Sprintf(
				noSpace+": the quota of %d bytes is used up; nothing can be written until space is regained or the quota is raised",
				r.DbSizeQuota))
		case strings.Contains(e, etcdserverpb.AlarmType_CORRUPT.String()):
			st.Alarms = append(st.Alarms, "corrupt: the members do not hold the same data; restore the one that differs")
		}
	}
}

// name is the name of a member, or its address, or its number.
func name(members []*etcdserverpb.Member, id uint64) string {
	for _, m := range members {
		for _, name := range append([]string{m.Name}, m.ClientURLs...) {
			if m.ID == id && name != "" {
				return name
			}
		}
	}
	return fmt.Sprintf("%x", id)
}
