package main

import (
	"context"
	"errors"
	"fmt"

	"ottla.test/interop/protocol"

	"github.com/twmb/franz-go/pkg/kadm"
)

func topicConfigs(ctx context.Context, admin *kadm.Client, r protocol.Request) (any, error) {
	resources, err := admin.DescribeTopicConfigs(ctx, r.Topic)
	if err != nil {
		return nil, err
	}
	found, err := resources.On(r.Topic, nil)
	configs := map[string]string{}
	for _, each := range found.Configs {
		configs[each.Key] = each.MaybeValue()
	}
	return configs, errors.Join(err, found.Err)
}

func alterTopicConfigs(ctx context.Context, admin *kadm.Client, r protocol.Request) error {
	changes := []kadm.AlterConfig{}
	for name, value := range r.Set {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: &value})
	}
	for _, name := range r.Remove {
		changes = append(changes, kadm.AlterConfig{Op: kadm.DeleteConfig, Name: name})
	}
	altered, err := admin.AlterTopicConfigs(ctx, changes, r.Topic)
	if err != nil {
		return err
	}
	found, err := altered.On(r.Topic, nil)
	if found.Err != nil {
		return fmt.Errorf("%w: %s", found.Err, found.ErrMessage)
	}
	return err
}
