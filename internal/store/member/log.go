package member

import (
	"context"
	"log/slog"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// benign are messages of etcd that mean nothing for a member that is alone and has no ports.
var benign = []string{
	"Running http and grpc server on single port. This is not recommended for production.",
	"simple token is not cryptographically signed",

	// At the first start a monitor looks before there is anything to see, and looks again.
	"Failed to detect schema version",
	"failed to update storage version",

	// The member was closed soon after it was started.
	"failed to update cluster version",
}

// zapLogger is a logger for etcd that writes warnings and errors to log, and drops the rest. Where etcd would end the
// process, it panics instead.
func zapLogger(log *slog.Logger) *zap.Logger {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return zap.New(&core{log: log}, zap.WithFatalHook(zapcore.WriteThenPanic))
}

// A core is what zap writes to.
type core struct{ log *slog.Logger }

func (c *core) Enabled(l zapcore.Level) bool { return l >= zapcore.WarnLevel }

func (c *core) With(fields []zapcore.Field) zapcore.Core {
	return &core{c.log.With(attributes(fields)...)}
}

func (c *core) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) && !slices.Contains(benign, e.Message) {
		return checked.AddCore(e, c)
	}
	return checked
}

func (c *core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	level := slog.LevelWarn
	if e.Level >= zapcore.ErrorLevel {
		level = slog.LevelError
	}
	c.log.Log(context.Background(), level, "etcd: "+e.Message, attributes(fields)...)
	return nil
}

func (c *core) Sync() error { return nil }

// attributes turns the fields of zap into those of slog.
func attributes(fields []zapcore.Field) []any {
	encoder := zapcore.NewMapObjectEncoder()
	all := make([]any, 0, len(fields))
	for _, f := range fields {
		f.AddTo(encoder)
		if value, ok := encoder.Fields[f.Key]; ok {
			all = append(all, slog.Any(f.Key, value))
		}
	}
	return all
}
