package iamapi_test

import (
	"bytes"
	"fmt"
	"image/png"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/writtest"
)

func serialOf(d types.VirtualMFADevice) *string { return d.SerialNumber }

// twoCodes are what a device shows in the step before a moment and in that moment.
func twoCodes(d *types.VirtualMFADevice, at time.Time) (first, second *string) {
	seed, counter := string(d.Base32StringSeed), session.TOTPCounter(at)
	return aws.String(session.TOTP(seed, counter-1)), aws.String(session.TOTP(seed, counter))
}

func TestVirtualMFADeviceFromCreationToDeletion(t *testing.T) {
	now := time.Now()
	s := writtest.NewAt(t, func() time.Time { return now })
	c := s.IAM()
	alice := aws.String("alice")
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: alice})
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: aws.String("bob")})
	d := must(t, c.CreateVirtualMFADevice, &iam.CreateVirtualMFADeviceInput{
		VirtualMFADeviceName: aws.String("phone"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}},
	}).VirtualMFADevice
	if *d.SerialNumber != "arn:aws:iam::"+writtest.Account+":mfa/phone" || len(d.Base32StringSeed) != 64 ||
		len(d.Tags) != 1 {
		t.Errorf("made %s with a seed of %d letters and tags %v", *d.SerialNumber, len(d.Base32StringSeed), d.Tags)
	}
	if _, err := png.Decode(bytes.NewReader(d.QRCodePNG)); err != nil {
		t.Error("the QR code is no PNG: ", err)
	}
	fails(t, "EntityAlreadyExists", "MFADevice entity at the same path and name already exists.", c.CreateVirtualMFADevice,
		&iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone")})

	first, second := twoCodes(d, now)
	enable := func(user string, first, second *string) *iam.EnableMFADeviceInput {
		return &iam.EnableMFADeviceInput{
			UserName: &user, SerialNumber: d.SerialNumber, AuthenticationCode1: first, AuthenticationCode2: second,
		}
	}
	fails(t, "InvalidAuthenticationCode", "Authentication code for device is not valid.", c.EnableMFADevice,
		enable("alice", second, first))
	fails(t, "NoSuchEntity", "The user with name nobody cannot be found.", c.EnableMFADevice,
		enable("nobody", first, second))
	must(t, c.EnableMFADevice, enable("alice", first, second))
	fails(t, "EntityAlreadyExists", "in use", c.EnableMFADevice, enable("bob", first, second))
	fails(t, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", c.DeleteVirtualMFADevice,
		&iam.DeleteVirtualMFADeviceInput{SerialNumber: d.SerialNumber})
	fails(t, "DeleteConflict", "must delete MFA device first", c.DeleteUser, &iam.DeleteUserInput{UserName: alice})

	got := must(t, c.GetMFADevice, &iam.GetMFADeviceInput{UserName: alice, SerialNumber: d.SerialNumber})
	if *got.UserName != "alice" || !got.EnableDate.Equal(now.Truncate(time.Second)) {
		t.Errorf("got %+v", got)
	}
	fails(t, "NoSuchEntity", "doesn't exist", c.GetMFADevice, &iam.GetMFADeviceInput{
		UserName: aws.String("bob"), SerialNumber: d.SerialNumber,
	})

	resync := &iam.ResyncMFADeviceInput{
		UserName: alice, SerialNumber: d.SerialNumber, AuthenticationCode1: first, AuthenticationCode2: second,
	}
	fails(t, "InvalidAuthenticationCode", "not valid", c.ResyncMFADevice, resync) // codes are good once
	now = now.Add(time.Minute)
	resync.AuthenticationCode1, resync.AuthenticationCode2 = twoCodes(d, now)
	must(t, c.ResyncMFADevice, resync)

	deactivate := &iam.DeactivateMFADeviceInput{UserName: alice, SerialNumber: d.SerialNumber}
	must(t, c.DeactivateMFADevice, deactivate)
	fails(t, "NoSuchEntity", "MFA Device invalid for user.", c.DeactivateMFADevice, deactivate)
	must(t, c.DeleteVirtualMFADevice, &iam.DeleteVirtualMFADeviceInput{SerialNumber: d.SerialNumber})
	fails(t, "NoSuchEntity", "VirtualMFADevice with serial number "+*d.SerialNumber+" doesn't exist.",
		c.DeleteVirtualMFADevice,
		&iam.DeleteVirtualMFADeviceInput{SerialNumber: d.SerialNumber})
}

func TestVirtualMFADevicesAreListedByAssignment(t *testing.T) {
	now := time.Now()
	s := writtest.NewAt(t, func() time.Time { return now })
	c := s.IAM()
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: aws.String("alice")})
	serials := make([]string, 4)
	for i := range serials {
		d := must(t, c.CreateVirtualMFADevice, &iam.CreateVirtualMFADeviceInput{
			VirtualMFADeviceName: aws.String(fmt.Sprint("d", i)), Path: aws.String("/x/"),
		}).VirtualMFADevice
		serials[i] = *d.SerialNumber
		if i < 2 {
			first, second := twoCodes(d, now)
			must(t, c.EnableMFADevice, &iam.EnableMFADeviceInput{
				UserName: aws.String("alice"), SerialNumber: d.SerialNumber, AuthenticationCode1: first,
				AuthenticationCode2: second,
			})
		}
	}
	for status, want := range map[types.AssignmentStatusType][]string{
		"": serials, types.AssignmentStatusTypeAny: serials,
		types.AssignmentStatusTypeAssigned: serials[:2], types.AssignmentStatusTypeUnassigned: serials[2:],
	} {
		pages(t, string(status), func(marker *string, one *int32) result {
			out := must(t, c.ListVirtualMFADevices, &iam.ListVirtualMFADevicesInput{
				AssignmentStatus: status, Marker: marker, MaxItems: one,
			})
			for _, d := range out.VirtualMFADevices {
				if assigned := *d.SerialNumber < serials[2]; assigned != (d.User != nil) || assigned != (d.EnableDate != nil) ||
					d.Base32StringSeed != nil {
					t.Errorf("%s is %+v", *d.SerialNumber, d)
				}
			}
			return result{names(out.VirtualMFADevices, serialOf), out.Marker, out.IsTruncated}
		}, want...)
	}
	pages(t, "of a user", func(marker *string, one *int32) result {
		out := must(t, c.ListMFADevices, &iam.ListMFADevicesInput{
			UserName: aws.String("alice"), Marker: marker, MaxItems: one,
		})
		return result{
			names(out.MFADevices, func(d types.MFADevice) *string { return d.SerialNumber }), out.Marker, out.IsTruncated,
		}
	}, serials[:2]...)
	if out := must(t, c.ListMFADevices, &iam.ListMFADevicesInput{}); len(out.MFADevices) != 0 {
		t.Errorf("the root user has %v", out.MFADevices)
	}
}

func TestTagsOfAVirtualMFADevice(t *testing.T) {
	c := writtest.New(t).IAM()
	serial := must(t, c.CreateVirtualMFADevice, &iam.CreateVirtualMFADeviceInput{
		VirtualMFADeviceName: aws.String("phone"),
	}).VirtualMFADevice.SerialNumber
	tags := []types.Tag{
		{Key: aws.String("b"), Value: aws.String("2")}, {Key: aws.String("a"), Value: aws.String("1")},
		{Key: aws.String("c"), Value: aws.String("3")},
	}
	must(t, c.TagMFADevice, &iam.TagMFADeviceInput{SerialNumber: serial, Tags: tags})
	must(t, c.UntagMFADevice, &iam.UntagMFADeviceInput{SerialNumber: serial, TagKeys: []string{"b"}})
	pages(t, "tags", func(marker *string, one *int32) result {
		out := must(t, c.ListMFADeviceTags, &iam.ListMFADeviceTagsInput{SerialNumber: serial, Marker: marker, MaxItems: one})
		return result{names(out.Tags, func(t types.Tag) *string { return t.Key }), out.Marker, out.IsTruncated}
	}, "a", "c")
	for _, none := range []string{*serial + "x", "GAHT12345678"} {
		fails(t, "NoSuchEntity", none, c.TagMFADevice, &iam.TagMFADeviceInput{SerialNumber: &none, Tags: tags})
		fails(t, "NoSuchEntity", none, c.UntagMFADevice, &iam.UntagMFADeviceInput{
			SerialNumber: &none, TagKeys: []string{"a"},
		})
		fails(t, "NoSuchEntity", none, c.ListMFADeviceTags, &iam.ListMFADeviceTagsInput{SerialNumber: &none})
	}
}
