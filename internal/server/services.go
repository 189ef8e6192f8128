package server

import (
	"github.com/writ-iam/writ/internal/iamapi"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/orgapi"
	"github.com/writ-iam/writ/internal/stsapi"
	"github.com/writ-iam/writ/internal/writapi"
)

// services are the APIs that a server has. The first answers what belongs to none.
func services() []*op.Service {
	return []*op.Service{iamapi.Service(), stsapi.Service(), orgapi.Service(), writapi.Service()}
}
