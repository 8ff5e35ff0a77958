package main

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// errRedisURL does not contain the URL or the parser's error: both may contain a password.
var errRedisURL = errors.New("REDIS_URL is invalid: want redis://host:port, rediss://host:port " +
	"for TLS, redis://host:port,host:port,… for a Cluster, or " +
	"redis+sentinel://host:port,…/name for Sentinel; user:password@ before the first host must " +
	"be percent-encoded, and options of go-redis follow a question mark")

// redisClient returns the client of a REDIS_URL. It does not connect, so that the application
// starts while Redis is down.
func redisClient(raw string) (redis.UniversalClient, error) {
	scheme, rest, _ := strings.Cut(raw, "://")
	scheme, sentinel := strings.CutSuffix(scheme, "+sentinel")
	end := len(rest)
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		end = i
	}
	at := strings.LastIndex(rest[:end], "@") + 1
	addrs := strings.Split(rest[at:end], ",")
	u, err := url.Parse(scheme + "://" + rest[:at] + addrs[0] + rest[end:])
	if err != nil {
		return nil, errRedisURL
	}
	query := u.Query()
	for _, addr := range addrs[1:] {
		query.Add("addr", addr) // the syntax of go-redis
	}
	if sentinel {
		name := strings.Trim(u.Path, "/")
		if name == "" {
			return nil, errRedisURL
		}
		query.Set("master_name", name)
		u.Path = ""
	}
	u.RawQuery = query.Encode()

	client, err := parseRedisURL(u.String(), sentinel, len(addrs) > 1)
	if err != nil {
		return nil, errRedisURL
	}
	return client, nil
}

// parseRedisURL returns a client with ContextTimeoutEnabled: commands end with their context.
func parseRedisURL(raw string, sentinel, cluster bool) (redis.UniversalClient, error) {
	switch {
	case sentinel:
		options, err := redis.ParseFailoverURL(raw)
		if err != nil {
			return nil, err
		}
		options.ContextTimeoutEnabled = true
		return redis.NewFailoverClient(options), nil
	case cluster:
		options, err := redis.ParseClusterURL(raw)
		if err != nil {
			return nil, err
		}
		options.ContextTimeoutEnabled = true
		// A dead master sends no redirect. The client finds its successor at the next reload of
		// the cluster's state, by default once a minute.
		options.ClusterStateReloadInterval = 2 * time.Second
		return redis.NewClusterClient(options), nil
	default:
		options, err := redis.ParseURL(raw)
		if err != nil {
			return nil, err
		}
		options.ContextTimeoutEnabled = true
		return redis.NewClient(options), nil
	}
}
