package graph

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/internal/authdetails"
)

// A judging is what is found out about a class.
type judging struct {
	g     *Graph
	ctx   context.Context
	c     *class
	rep   int32 // the member that stands for all
	asker *escalate.Asker

	hubs    []*pending
	changes []changing
	doubts  []string
	err     error

	assumable []reach           // roles that all members can assume
	alone     map[int32][]reach // that one member can, because it is named
	told      map[string]*escalate.Finding
}

// A reach is some targets, with what is assumed.
type reach struct {
	targets []int32
	assumes []string
}

// A pending is a hub whose set is not interned yet.
type pending struct {
	hub
	targets []int32
}

// A changing is an edge from some principals to what a method makes of each.
type changing struct {
	members []int32
	change  change
	group   *authdetails.Entity // that they join; no change then
	method  *shape
	assumes []string
	on      map[escalate.Resource]string
}

// judge finds the edges from the members of a class.
func (g *Graph) judge(ctx context.Context, c *class) *judging {
	j := &judging{g: g, ctx: ctx, c: c, rep: c.members[0], alone: map[int32][]reach{}, told: map[string]*escalate.Finding{}}
	if c.full {
		j.hubs = append(j.hubs, &pending{hub: hub{class: c, root: true}})
	}
	j.assume()
	for _, m := range c.methods {
		if c.full || j.err != nil {
			break
		}
		switch {
		case m.lifts != 0:
			j.lift(m)
		case m.Gains == escalate.Principal:
			j.principal(m)
		default:
			j.administration(m)
		}
	}
	j.asker = nil
	return j
}

// ask returns the asker of the representative.
func (j *judging) ask() *escalate.Asker {
	if j.asker == nil && j.err == nil {
		j.asker, j.err = j.g.newAsker(j.ctx, j.c, j.rep)
	}
	return j.asker
}

// askAs returns the asker of a member.
func (j *judging) askAs(member int32) *escalate.Asker {
	s := j.ask()
	if member == j.rep || j.err != nil {
		return s
	}
	e := j.g.holderOf(member, j.c.policies)
	s, j.err = s.As(e.Principal, e.Tags)
	return s
}

// know tells an asker of a user or role.
func (g *Graph) know(s *escalate.Asker, n int32) {
	e := g.nodes[n].entity
	facts := escalate.Facts{}
	for k, v := range e.Tags {
		facts["aws:ResourceTag/"+k], facts["iam:ResourceTag/"+k] = v, v
	}
	if e.Boundary != "" {
		facts["iam:PermissionsBoundary"] = e.Boundary
	}
	s.Know(e.ARN, facts)
}

// usable judges a method on resources, and returns what it assumes. A text that is not empty is one under which the outcome is kept.
func (j *judging) usable(m *shape, text string, on map[escalate.Resource]string) (assumes []string, ok bool) {
	key := m.ID + "\x00" + text
	f := j.told[key]
	if f == nil || text == "" {
		s := j.ask()
		if j.err != nil {
			return nil, false
		}
		for _, r := range []escalate.Resource{onRole, onUser, roleSelf, userSelf} {
			if n, ok := j.g.byARN[on[r]]; ok {
				j.g.know(s, n)
			}
		}
		f = s.JudgeOn(m.judged, on)
		j.told[key] = f
		if f.Status == escalate.Unknown {
			j.doubts = append(j.doubts, j.g.nodes[j.rep].entity.ARN+": "+m.ID+": "+f.Missing[0].Reason)
		}
	}
	if !f.Status.Usable() {
		return nil, false
	}
	return slices.Concat(m.needs, f.Assumes, f.Needs), true
}

// lift finds members that a method rids of a limit.
func (j *judging) lift(m *shape) {
	if m.lifts&unbounded != 0 && !j.c.bounded || m.lifts&unbounded == 0 && !j.c.denied {
		return
	}
	tell := j.teller(j.aboutAll(slices.Concat(m.on, m.group)))
	for _, n := range j.c.members {
		node := j.g.nodes[n]
		if node.group != nil || node.change&m.lifts != 0 || !j.g.has(node, m.lifts) {
			continue
		}
		on := map[escalate.Resource]string{}
		usable, all := true, []string(nil)
		try := func(r escalate.Resource, e *authdetails.Entity) {
			on[r] = e.ARN
			assumes, ok := j.usable(m, "lift "+tell.text(e.ARN, e.Tags, e.Boundary), on)
			usable, all = usable && ok, assumes
		}
		if m.self {
			try(escalate.Resource{Type: node.kind(), Name: escalate.Self}, node.entity)
		} else {
			for _, group := range j.g.details.GroupsOf(node.entity) {
				if j.g.deniesBy(group.Attached, group.Inline) {
					try(onGroup, group)
				}
			}
		}
		if usable && len(on) > 0 {
			j.changes = append(j.changes, changing{members: []int32{n}, change: m.lifts, method: m, assumes: all, on: on})
		}
	}
}

// aboutAll returns the class's statements about any of some actions.
func (j *judging) aboutAll(actions []string) (list []*statement) {
	for _, a := range actions {
		list = append(list, j.about(j.g.place[a])...)
	}
	return list
}

// has reports whether a node has what a method takes away.
func (g *Graph) has(n *node, c change) bool {
	switch c {
	case unbounded:
		return n.entity.Boundary != ""
	case noInline:
		return g.deniesBy(nil, n.entity.Inline)
	case noAttached:
		return g.deniesBy(n.entity.Attached, nil)
	}
	return slices.ContainsFunc(g.details.GroupsOf(n.entity), func(group *authdetails.Entity) bool { return g.deniesBy(group.Attached, group.Inline) })
}

// deniesBy reports whether some of the policies has a Deny.
func (g *Graph) deniesBy(attached []string, inline []authdetails.Inline) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, arn := range attached {
		if d := g.managed(arn); d != nil && d.denies {
			return true
		}
	}
	return slices.ContainsFunc(inline, func(p authdetails.Inline) bool { return g.document(p.Document).denies })
}

// whom returns whom a method could make its holder, before the holder's policies are asked.
func (j *judging) whom(m *shape) among {
	a := j.c.account
	from := among{name: m.target, account: a}
	switch {
	case m.service != "":
		list, err := j.g.trusting(j.ctx, a, m.service)
		if err != nil {
			j.err = err
		}
		from.name, from.list = m.service, list
	case m.target == "user":
		from.list = j.g.all32(a.users)
	default:
		from.list = j.g.all32(a.roles)
	}
	if m.target == "role" {
		j.g.mu.Lock()
		defer j.g.mu.Unlock()
		if m.profile {
			from.name += " in a profile"
		}
		key := a.id + from.name
		list, ok := j.g.within[key]
		if !ok {
			for _, n := range from.list {
				if e := j.g.nodes[n].entity; !isReserved(e) && !(m.profile && e.InstanceProfiles != nil && len(e.InstanceProfiles) == 0) {
					list = append(list, n)
				}
			}
			j.g.within[key] = list
		}
		from.list = list
	}
	return from
}

// all32 lists a span.
func (g *Graph) all32(s span) []int32 { return g.numbers[s.lo:s.hi:s.hi] }

// principal finds whom a method makes the members.
func (j *judging) principal(m *shape) {
	if m.isAssume() || m.assumes {
		return
	}
	found := map[string]*reach{}
	gain := func(assumes []string, targets []int32) {
		key := strings.Join(assumes, "\x00")
		r := found[key]
		if r == nil {
			r = &reach{assumes: assumes}
			found[key] = r
		}
		if r.targets == nil {
			r.targets = targets[:len(targets):len(targets)]
		} else {
			r.targets = append(r.targets, targets...)
		}
	}
	switch {
	case m.trusts != "":
		tell := j.teller(j.aboutAll(m.fixed))
		for _, p := range j.g.provided[j.c.account.id+m.trusts] {
			on := map[escalate.Resource]string{providerOf[m.trusts]: p.provider}
			if assumes, ok := j.usable(m, "by "+tell.text(p.provider, nil, ""), on); ok {
				gain(assumes, []int32{p.role})
			}
		}
	case len(m.on) == 0:
		from := j.whom(m)
		if len(from.list) == 0 {
			return
		}
		if assumes, ok := j.usable(m, "whoever", nil); ok {
			gain(assumes, from.list)
		}
	default:
		on := onRole
		if m.target == "user" {
			on = onUser
		}
		for _, c := range j.cellsOf(m.must, j.whom(m)) {
			if j.isSelf(c.targets) {
				continue
			}
			if assumes, ok := j.usable(m, "", map[escalate.Resource]string{on: j.g.nodes[c.targets[0]].entity.ARN}); ok {
				gain(assumes, c.targets)
			}
		}
	}
	j.emit(m, found, nil)
}

// isSelf reports whether targets are the only member of the class.
func (j *judging) isSelf(targets []int32) bool {
	return len(targets) == 1 && len(j.c.members) == 1 && targets[0] == j.g.nodes[j.rep].of
}

// emit makes hubs of what members reach; nil stands for all members.
func (j *judging) emit(m *shape, found map[string]*reach, members []int32) {
	for _, key := range slices.Sorted(maps.Keys(found)) {
		r := found[key]
		targets := r.targets
		if !slices.IsSorted(targets) {
			targets = slices.Clone(targets)
			slices.Sort(targets)
		}
		j.hubs = append(j.hubs, &pending{hub: hub{class: j.c, members: members, method: m, assumes: r.assumes}, targets: slices.Compact(targets)})
	}
}

// administration finds members that a method makes administrators.
func (j *judging) administration(m *shape) {
	switch {
	case m.target != "":
		j.through(m)
	case m.self, len(m.group) > 0, len(m.policy) > 0:
		j.byOwn(m)
	default:
		if assumes, ok := j.usable(m, "all", nil); ok {
			j.gains(m, nil, assumes, nil)
		}
	}
}

// gains notes that members get whatever permissions they like, within their boundary if it is they themselves who get them.
func (j *judging) gains(m *shape, members []int32, assumes []string, on map[escalate.Resource]string) {
	if m.makes || j.c.free {
		j.hubs = append(j.hubs, &pending{hub: hub{class: j.c, members: members, method: m, root: true, assumes: assumes, on: on}})
		return
	}
	if members == nil {
		members = j.c.members
	}
	j.changes = append(j.changes, changing{members: members, change: everything, method: m, assumes: assumes, on: on})
}

// byOwn judges a method on what is each member's own: itself, its groups, its policies.
func (j *judging) byOwn(m *shape) {
	tell := j.teller(j.aboutAll(slices.Concat(m.on, m.group, m.policy)))
	type outcome struct {
		members []int32
		assumes []string
		on      map[escalate.Resource]string
	}
	outcomes := map[string]*outcome{}
	var order []string
	note := func(n int32, key string, assumes []string, on map[escalate.Resource]string) {
		key += strings.Join(assumes, "\x00")
		o := outcomes[key]
		if o == nil {
			o = &outcome{assumes: assumes, on: on}
			outcomes[key] = o
			order = append(order, key)
		}
		if len(o.members) == 0 || o.members[len(o.members)-1] != n {
			o.members = append(o.members, n)
		}
	}
	joined := map[*authdetails.Entity]bool{}
	for _, n := range j.c.members {
		node := j.g.nodes[n]
		e := node.entity
		switch {
		case m.self:
			on := map[escalate.Resource]string{{Type: node.kind(), Name: escalate.Self}: e.ARN}
			if assumes, ok := j.usable(m, "own "+tell.text(e.ARN, e.Tags, e.Boundary), on); ok {
				note(n, "", assumes, nil)
			}
		case m.joins:
			if n != j.c.members[0] {
				break // as for the first: it is about groups, not members
			}
			for _, group := range j.c.account.groups {
				on := map[escalate.Resource]string{onGroup: group.ARN}
				if assumes, ok := j.usable(m, "own "+tell.text(group.ARN, nil, ""), on); ok && j.c.free && !joined[group] {
					joined[group] = true
					j.changes = append(j.changes, changing{members: j.c.members, group: group, method: m, assumes: assumes, on: on})
				}
			}
		case len(m.group) > 0:
			for _, group := range j.g.details.GroupsOf(e) {
				on := map[escalate.Resource]string{onGroup: group.ARN}
				if assumes, ok := j.usable(m, "own "+tell.text(group.ARN, nil, ""), on); ok {
					note(n, group.ARN, assumes, on)
				}
			}
		default:
			for _, arn := range j.g.ownPolicies(node, true) {
				on := map[escalate.Resource]string{onPolicy: arn}
				assumes, ok := j.usable(m, "own "+tell.text(arn, nil, ""), on)
				switch {
				case !ok || m.version && !j.g.worthReverting(j, node, arn):
				case arn == e.Boundary && !slices.Contains(j.g.ownPolicies(node, false), arn):
					j.changes = append(j.changes, changing{members: []int32{n}, change: unbounded, method: m, assumes: assumes, on: on})
				default:
					note(n, arn, assumes, on)
				}
			}
		}
	}
	for _, key := range order {
		o := outcomes[key]
		j.gains(m, o.members, o.assumes, o.on)
	}
}

// ownPolicies returns the customer managed policies that a node has, and the one that is its boundary.
func (g *Graph) ownPolicies(n *node, boundary bool) (list []string) {
	for _, arn := range g.attached(n) {
		if strings.Contains(arn, "::"+n.account.id+":policy/") {
			list = append(list, arn)
		}
	}
	if b := n.entity.Boundary; boundary && b != "" && n.change&unbounded == 0 && n.group == nil && strings.Contains(b, "::"+n.account.id+":policy/") {
		list = append(list, b)
	}
	return list
}

// worthReverting reports whether an earlier version of a policy makes a node an administrator.
func (g *Graph) worthReverting(j *judging, n *node, arn string) bool {
	m := g.details.Policies[arn]
	if m == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	boundary := arn == n.entity.Boundary
	for _, id := range slices.Sorted(maps.Keys(m.Versions)) {
		if id == m.Default {
			continue
		}
		h := g.holdingOf(n)
		was, now := g.document(m.Versions[m.Default]), g.document(m.Versions[id])
		if boundary {
			h.boundary = now
		} else {
			h.identity = append(slices.DeleteFunc(slices.Clone(h.identity), func(d *document) bool { return d == was }), now)
		}
		var full bool
		var err error
		if boundary {
			full, err = g.isFree(j.ctx, &h, n)
		} else {
			h.boundary = nil // what bounds the holder bounds what it gains, too
			full, err = g.isFull(j.ctx, &h, n)
		}
		if err != nil {
			j.err = err
		}
		if full {
			return true
		}
	}
	return false
}

// through finds a user or role that members can make an administrator and become.
func (j *judging) through(m *shape) {
	on := onRole
	if m.target == "user" {
		on = onUser
	}
	try := func(from among, more []string, members []int32) {
		if best := j.bestThrough(m, on, from, more); best != nil {
			j.hubs = append(j.hubs, &pending{hub: hub{class: j.c, members: members, method: m, root: true, assumes: best.assumes, on: best.on}})
		}
	}
	if !m.assumes {
		try(j.whom(m), nil, nil)
		return
	}
	for _, r := range j.assumable {
		own := slices.DeleteFunc(slices.Clone(r.targets), func(n int32) bool { return j.g.nodes[n].account != j.c.account || isReserved(j.g.nodes[n].entity) })
		try(among{name: "", account: j.c.account, list: own}, r.assumes, nil)
	}
	for _, n := range slices.Sorted(maps.Keys(j.alone)) {
		for _, r := range j.alone[n] {
			own := slices.DeleteFunc(slices.Clone(r.targets), func(n int32) bool { return j.g.nodes[n].account != j.c.account || isReserved(j.g.nodes[n].entity) })
			try(among{account: j.c.account, list: own}, r.assumes, []int32{n})
		}
	}
}

// A way is how a method works out on some resources.
type way struct {
	assumes []string
	on      map[escalate.Resource]string
}

// bestThrough returns the way of a method by a user or role that has no permissions boundary that matters, or one that the method takes
// away, with the fewest assumptions.
func (j *judging) bestThrough(m *shape, on escalate.Resource, from among, more []string) (best *way) {
	var cells []cell
	if from.name != "" {
		cells = j.cellsOf(m.must, from)
	} else {
		cells = j.split(j.aboutAll(m.on), j.allowedAll(m.must, from.list, from.account))
	}
	tell := j.teller(j.aboutAll(m.policy))
	consider := func(t int32, text string, with map[escalate.Resource]string) bool {
		with[on] = j.g.nodes[t].entity.ARN
		assumes, ok := j.usable(m, text, with)
		if !ok {
			return false
		}
		if assumes = slices.Concat(assumes, more); best == nil || len(assumes) < len(best.assumes) {
			best = &way{assumes, with}
		}
		return len(best.assumes) == 0
	}
	for _, c := range cells {
		if j.isSelf(c.targets) {
			continue // what it can do to itself, other methods say
		}
		for _, t := range c.targets {
			if free, err := j.g.isFreeNode(j.ctx, j.g.nodes[t]); err != nil {
				j.err = err
				return nil
			} else if free == m.unbinds {
				continue
			}
			if len(m.policy) == 0 {
				if consider(t, "", map[escalate.Resource]string{}) {
					return best
				}
				break // the others of the cell are no different
			}
			for _, arn := range j.g.ownPolicies(j.g.nodes[t], false) {
				if consider(t, "through "+c.text+"\x00"+tell.text(arn, nil, ""), map[escalate.Resource]string{onPolicy: arn}) {
					return best
				}
			}
		}
	}
	return best
}

func (g *Graph) isFreeNode(ctx context.Context, n *node) (bool, error) {
	if n.entity.Boundary == "" {
		return true, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.holdingOf(n)
	return g.isFree(ctx, &h, n)
}

// assume finds the roles that members can assume.
func (j *judging) assume() {
	at := slices.IndexFunc(j.g.methods, func(m *shape) bool { return m.isAssume() })
	if at < 0 {
		return
	}
	m := j.g.methods[at]
	a := j.c.account
	all := map[string]*reach{}
	place := j.g.place[assumeRole]
	granted := slices.ContainsFunc(j.c.identity, func(s *statement) bool { return s.allow && s.about.Has(place) })
	for _, of := range j.g.accounts {
		list := j.g.lent[j.c.kind+a.id][of]
		var cells []cell
		if granted && len(list) > 0 {
			cells = j.cellsOf([][]string{{assumeRole}}, among{name: "lent to " + a.id, account: of, list: list})
		}
		if of == a && len(a.open) > 0 {
			cells = append(slices.Clone(cells), j.cellsOf([][]string{{assumeRole}}, among{name: "open", account: of, list: a.open, whatever: true})...)
		}
		for _, c := range cells {
			j.assumeCell(c, all)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		r := all[key]
		slices.Sort(r.targets)
		r.targets = slices.Compact(r.targets)
		j.assumable = append(j.assumable, *r)
	}
	j.emit(m, all, nil)
	for _, n := range j.c.members {
		for _, t := range j.g.named[j.g.nodes[n].of] {
			j.assumeNamed(n, t)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(j.alone)) {
		found := map[string]*reach{}
		for i := range j.alone[n] {
			r := &j.alone[n][i]
			found[strings.Join(r.assumes, "\x00")] = r
		}
		j.emit(m, found, []int32{n})
	}
}

// assumeCell judges the roles of a cell by their trust policies.
func (j *judging) assumeCell(c cell, all map[string]*reach) {
	groups := map[string][]int32{}
	var order []string
	for _, r := range c.targets {
		t := j.g.trust[r]
		key := string(appendID(nil, uint32(t.index)))
		for _, f := range t.facts {
			key += "\x00"
			if v, ok := tagOf(j.g.nodes[r].entity.Tags, f[strings.IndexByte(f, '/')+1:]); ok {
				key += "=" + v
			}
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], r)
	}
	for _, key := range order {
		roles := groups[key]
		t := j.g.trust[roles[0]]
		facts := slices.Concat(t.principal, j.g.nodes[roles[0]].account.limiting)
		if !t.apart && len(facts) == 0 {
			if assumes, ok := j.assumeOne(j.ask(), roles[0]); ok {
				r := all[strings.Join(assumes, "\x00")]
				if r == nil {
					r = &reach{assumes: assumes}
					all[strings.Join(assumes, "\x00")] = r
				}
				r.targets = append(r.targets, roles...)
			}
			continue
		}
		// The trust policy tells members apart.
		if t.apart {
			facts = append(facts, "aws:principalarn")
		}
		alike := map[string][]int32{}
		var kinds []string
		for _, n := range j.c.members {
			text := factText(j.g.nodes[n], facts)
			if alike[text] == nil {
				kinds = append(kinds, text)
			}
			alike[text] = append(alike[text], n)
		}
		for _, text := range kinds {
			members := alike[text]
			s := j.askAs(members[0])
			if j.err != nil {
				return
			}
			if assumes, ok := j.assumeOne(s, roles[0]); ok {
				for _, n := range members {
					j.addAlone(n, roles, assumes)
				}
			}
		}
	}
}

// assumeNamed judges roles whose trust policy names a member.
func (j *judging) assumeNamed(n int32, t *trust) {
	var s *escalate.Asker
	for _, r := range t.roles {
		if reaches(j.assumable, r) || reaches(j.alone[n], r) {
			continue
		}
		if s == nil {
			if s = j.askAs(n); j.err != nil {
				return
			}
		}
		if assumes, ok := j.assumeOne(s, r); ok {
			j.addAlone(n, []int32{r}, assumes)
		}
	}
}

func reaches(list []reach, n int32) bool {
	return slices.ContainsFunc(list, func(r reach) bool { _, ok := slices.BinarySearch(r.targets, n); return ok })
}

func (j *judging) addAlone(n int32, roles []int32, assumes []string) {
	list := j.alone[n]
	i := slices.IndexFunc(list, func(r reach) bool { return slices.Equal(r.assumes, assumes) })
	if i < 0 {
		i = len(list)
		list = append(list, reach{assumes: assumes})
	}
	list[i].targets = append(list[i].targets, roles...)
	slices.Sort(list[i].targets)
	list[i].targets = slices.Compact(list[i].targets)
	j.alone[n] = list
}

// assumeOne judges one role.
func (j *judging) assumeOne(s *escalate.Asker, role int32) (assumes []string, ok bool) {
	if j.err != nil {
		return nil, false
	}
	j.g.know(s, role)
	f, err := s.Assume(j.g.nodes[role].entity.ARN, j.g.trust[role].doc, j.g.nodes[role].account.rcps)
	if err != nil {
		j.err = err
		return nil, false
	}
	if f.Status == escalate.Unknown {
		j.doubts = append(j.doubts, j.g.nodes[j.rep].entity.ARN+": "+assumeRole+": "+f.Missing[0].Reason)
	}
	return f.Assumes, f.Status.Usable()
}
