package history_test

import (
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/history"
)

// TestAnnouncementsBesideVersions holds the table of AWS's page on Amplify against the versions.
func TestAnnouncementsBesideVersions(t *testing.T) {
	p := policyOf(t, "AdministratorAccess-Amplify")
	a := history.Announced(p)
	dates := map[string]string{"v3": "2021-07-28", "v4": "2021-09-27", "v6": "2021-11-08", "v7": "2021-12-02", "v8": "2022-04-17", "v9": "2022-08-30", "v10": "2023-02-24"}
	for _, v := range p.Versions() {
		var got []string
		for _, x := range a.Of(v) {
			got = append(got, x.Date.Format(time.DateOnly))
		}
		if strings.Join(got, " ") != dates[v.ID] {
			t.Errorf("%s was announced %q", v.ID, got)
		}
		if silent := v.ID == "v5"; a.Silent(v) != silent { // v1 and v2 were before the table, v11 and v12 are after the page
			t.Errorf("%s: the page is silent: %v", v.ID, a.Silent(v))
		}
		if n := len(a.Between(v)); (n > 0) != (v.ID == "v8") {
			t.Errorf("%d announcements without a version after %s", n, v.ID)
		}
	}
	if len(a.Unanswered) != 1 || a.Unanswered[0].Date.Format(time.DateOnly) != "2022-04-27" {
		t.Errorf("without a version: %v", a.Unanswered)
	}
	if history.Announced(policyOf(t, "ReadOnlyAccess")) != nil {
		t.Error("there is no page on ReadOnlyAccess here")
	}
	var none *history.Announcements
	if v := p.Default(); none.Silent(v) || none.Between(v) != nil {
		t.Error("where no page is known, none is silent")
	}
}
