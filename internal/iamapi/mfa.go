package iamapi

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"rsc.io/qr"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
)

var mfaDevices = []op.Operation{
	op.New("CreateVirtualMFADevice", func(c *op.Call, in *api.CreateVirtualMFADeviceInput) (op.Target, error) {
		return withTags(op.Target{Resource: newARN(c, "mfa", in.Path, *in.VirtualMFADeviceName)}, "iam:TagMFADevice",
			in.Tags), nil
	}, createVirtualMFADevice),
	op.New("DeleteVirtualMFADevice", func(c *op.Call, in *api.DeleteVirtualMFADeviceInput) (op.Target, error) {
		return onMFADevice(c, *in.SerialNumber)
	}, deleteVirtualMFADevice),
	op.New("EnableMFADevice", func(c *op.Call, in *api.EnableMFADeviceInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, enableMFADevice),
	op.New("DeactivateMFADevice", func(c *op.Call, in *api.DeactivateMFADeviceInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, deactivateMFADevice),
	op.New("ResyncMFADevice", func(c *op.Call, in *api.ResyncMFADeviceInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, resyncMFADevice),
	op.New("ListMFADevices", func(c *op.Call, in *api.ListMFADevicesInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, listMFADevices),
	op.New("ListVirtualMFADevices", func(c *op.Call, in *api.ListVirtualMFADevicesInput) (op.Target, error) {
		return listed(c, "mfa", nil)
	}, listVirtualMFADevices),
	op.New("GetMFADevice", func(c *op.Call, in *api.GetMFADeviceInput) (op.Target, error) {
		return onUser(c, in.UserName)
	}, getMFADevice),
	op.New("TagMFADevice", func(c *op.Call, in *api.TagMFADeviceInput) (op.Target, error) {
		return onMFADevice(c, *in.SerialNumber)
	}, tagMFADevice),
	op.New("UntagMFADevice", func(c *op.Call, in *api.UntagMFADeviceInput) (op.Target, error) {
		return onMFADevice(c, *in.SerialNumber)
	}, untagMFADevice),
	op.New("ListMFADeviceTags", func(c *op.Call, in *api.ListMFADeviceTagsInput) (op.Target, error) {
		return onMFADevice(c, *in.SerialNumber)
	}, listMFADeviceTags),
}

func onMFADevice(c *op.Call, serial string) (op.Target, error) {
	if d := mfaDevice(c, serial); d != nil {
		return op.Target{Resource: d.ARN(), Tags: d.Tags}, nil
	}
	if _, ok := iam.MFASerialKey(c.Account(), serial); ok {
		return op.Target{Resource: serial}, nil
	}
	return op.Target{Resource: newARN(c, "mfa", nil, serial)}, nil
}

// mfaDevice finds a virtual MFA device by its serial number; it is nil if there is none.
func mfaDevice(c *op.Call, serial string) *iam.MFADevice {
	key, ok := iam.MFASerialKey(c.Account(), serial)
	if !ok {
		return nil
	}
	d := snapshot.Get[iam.MFADevice](c.State, key)
	if d == nil || d.ARN() != serial {
		return nil
	}
	return d
}

func createVirtualMFADevice(
	ctx context.Context, c *op.Call, in *api.CreateVirtualMFADeviceInput,
) (*api.CreateVirtualMFADeviceOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	h := c.Header("", *in.VirtualMFADeviceName, in.Path)
	d := &iam.MFADevice{Account: h.Account, Name: h.Name, Path: h.Path, Created: h.Created}
	if err := iam.SetTags(d, tags); err != nil {
		return nil, err
	}
	seed := session.NewTOTPSecret(c.Rand)
	d.Sealed = c.Keys.SealSecret(d.ARN(), seed)
	code, err := qr.Encode(otpauth(d.Name, cmp.Or(account(c).Alias, d.Account), seed), qr.M)
	if err != nil {
		return nil, err
	}
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreateMFADevice(tx, d) }); err != nil {
		return nil, err
	}
	return &api.CreateVirtualMFADeviceOutput{VirtualMFADevice: &types.VirtualMFADevice{
		SerialNumber: aws.String(d.ARN()), Base32StringSeed: []byte(seed), QRCodePNG: code.PNG(), Tags: tagsOut(d.Tags),
	}}, nil
}

// otpauth is the URI from which an authenticator app takes a device's seed.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_VirtualMFADevice.html
func otpauth(device, account, seed string) string {
	return "otpauth://totp/" + url.PathEscape(device+"@"+account) + "?secret=" + seed
}

func deleteVirtualMFADevice(
	ctx context.Context, c *op.Call, in *api.DeleteVirtualMFADeviceInput,
) (*api.DeleteVirtualMFADeviceOutput, error) {
	return &api.DeleteVirtualMFADeviceOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteMFADevice(tx, c.Account(), *in.SerialNumber)
	})
}

// codeWindow is how far, in steps of thirty seconds, two codes may be from the time of the call. Twelve digits are not
// guessed.
const codeWindow = 10

// counter returns the function that checks two consecutive codes of a device, and returns the counter of the second.
func counter(c *op.Call, first, second string) func(*iam.MFADevice) (int64, error) {
	return func(d *iam.MFADevice) (int64, error) {
		seed, err := c.Keys.OpenSecret(d.ARN(), d.Sealed)
		if err != nil {
			return 0, err
		}
		n, ok := session.VerifyTOTPPair(seed, first, second, c.Time, d.Counter, codeWindow)
		if !ok {
			return 0, iam.Errorf(iam.InvalidAuthenticationCode, "Authentication code for device is not valid.")
		}
		return n, nil
	}
}

func enableMFADevice(
	ctx context.Context, c *op.Call, in *api.EnableMFADeviceInput,
) (*api.EnableMFADeviceOutput, error) {
	find := counter(c, *in.AuthenticationCode1, *in.AuthenticationCode2)
	return &api.EnableMFADeviceOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.EnableMFADevice(tx, c.Account(), *in.UserName, *in.SerialNumber, c.Time.Truncate(time.Second), find)
	})
}

func resyncMFADevice(
	ctx context.Context, c *op.Call, in *api.ResyncMFADeviceInput,
) (*api.ResyncMFADeviceOutput, error) {
	find := counter(c, *in.AuthenticationCode1, *in.AuthenticationCode2)
	return &api.ResyncMFADeviceOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.ResyncMFADevice(tx, c.Account(), *in.UserName, *in.SerialNumber, find)
	})
}

func deactivateMFADevice(
	ctx context.Context, c *op.Call, in *api.DeactivateMFADeviceInput,
) (*api.DeactivateMFADeviceOutput, error) {
	_, user, err := ownerOf(c, in.UserName)
	if err != nil {
		return nil, err
	}
	return &api.DeactivateMFADeviceOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeactivateMFADevice(tx, c.Account(), user, *in.SerialNumber)
	})
}

func listMFADevices(_ context.Context, c *op.Call, in *api.ListMFADevicesInput) (*api.ListMFADevicesOutput, error) {
	o, user, err := ownerOf(c, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &api.ListMFADevicesOutput{MFADevices: []types.MFADevice{}}
	var devices []*iam.MFADevice
	for _, serial := range *o.Credentials().MFA {
		if d := mfaDevice(c, serial); d != nil {
			devices = append(devices, d)
		}
	}
	p, err := sorted(devices, (*iam.MFADevice).Key, in.Marker, in.MaxItems, func(d *iam.MFADevice) {
		out.MFADevices = append(out.MFADevices, types.MFADevice{
			SerialNumber: aws.String(d.ARN()), EnableDate: aws.Time(d.Enabled), UserName: orNil(user),
		})
	})
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func listVirtualMFADevices(
	_ context.Context, c *op.Call, in *api.ListVirtualMFADevicesInput,
) (*api.ListVirtualMFADevicesOutput, error) {
	out := &api.ListVirtualMFADevicesOutput{VirtualMFADevices: []types.VirtualMFADevice{}}
	keep := func(d *iam.MFADevice) bool {
		switch in.AssignmentStatus {
		case types.AssignmentStatusTypeAssigned:
			return d.Owner != ""
		case types.AssignmentStatusTypeUnassigned:
			return d.Owner == ""
		}
		return true
	}
	p, err := list(c, iam.MFADeviceKey(c.Account(), ""), in.Marker, in.MaxItems, keep, func(d *iam.MFADevice) {
		device := types.VirtualMFADevice{SerialNumber: aws.String(d.ARN())}
		if d.Owner != "" {
			device.EnableDate, device.User = aws.Time(d.Enabled), deviceUser(c, d)
		}
		out.VirtualMFADevices = append(out.VirtualMFADevices, device)
	})
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

// deviceUser is the user whom a device is assigned to.
func deviceUser(c *op.Call, d *iam.MFADevice) *types.User {
	if d.Owner == d.Account {
		return rootOut(c)
	}
	if u, ok := c.State.ByID(d.Owner).(*iam.User); ok {
		out := listedUser(c, u)
		return &out
	}
	return nil
}

func getMFADevice(_ context.Context, c *op.Call, in *api.GetMFADeviceInput) (*api.GetMFADeviceOutput, error) {
	o, user, err := ownerOf(c, in.UserName)
	if err != nil {
		return nil, err
	}
	d := mfaDevice(c, *in.SerialNumber)
	if d == nil || !slices.Contains(*o.Credentials().MFA, *in.SerialNumber) {
		return nil, iam.NoMFADevice(*in.SerialNumber)
	}
	return &api.GetMFADeviceOutput{SerialNumber: in.SerialNumber, EnableDate: aws.Time(d.Enabled),
		UserName: orNil(user)}, nil
}

func tagMFADevice(ctx context.Context, c *op.Call, in *api.TagMFADeviceInput) (*api.TagMFADeviceOutput, error) {
	return &api.TagMFADeviceOutput{}, tag(ctx, c, in.Tags, func(tx iam.Txn) (*iam.MFADevice, error) {
		return iam.GetMFADevice(tx, c.Account(), *in.SerialNumber)
	})
}

func untagMFADevice(ctx context.Context, c *op.Call, in *api.UntagMFADeviceInput) (*api.UntagMFADeviceOutput, error) {
	return &api.UntagMFADeviceOutput{}, untag(ctx, c, in.TagKeys, func(tx iam.Txn) (*iam.MFADevice, error) {
		return iam.GetMFADevice(tx, c.Account(), *in.SerialNumber)
	})
}

func listMFADeviceTags(
	_ context.Context, c *op.Call, in *api.ListMFADeviceTagsInput,
) (*api.ListMFADeviceTagsOutput, error) {
	d := mfaDevice(c, *in.SerialNumber)
	if d == nil {
		return nil, iam.NoMFADevice(*in.SerialNumber)
	}
	out := &api.ListMFADeviceTagsOutput{}
	var err error
	out.Tags, out.IsTruncated, out.Marker, err = listTags(d, in.Marker, in.MaxItems)
	return out, err
}
