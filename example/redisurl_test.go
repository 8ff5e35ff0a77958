package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestRedisClient(t *testing.T) {
	tests := map[string]string{
		"redis://localhost":           "node localhost:6379 user= password= db=0 tls=false",
		"rediss://redis.example:6380": "node redis.example:6380 user= password= db=0 tls=true",
		"redis://[::1]:6379":          "node [::1]:6379 user= password= db=0 tls=false",
		"redis://app:p%40ss@redis.example:6380/2?pool_size=7": "" +
			"node redis.example:6380 user=app password=p@ss db=2 tls=false",
		"redis://a:7101,b:7102,c:7103": "" +
			"Cluster [a:7101 b:7102 c:7103] user= password= tls=false",
		"rediss://app:secret@a:7101,b:7102": "" +
			"Cluster [a:7101 b:7102] user=app password=secret tls=true",
		"redis+sentinel://a:26379,b:26379/main":                 "Sentinel",
		"rediss+sentinel://app:secret@a:26379/main?pool_size=3": "Sentinel",
	}
	for url, want := range tests {
		t.Run(url, func(t *testing.T) {
			client, err := redisClient(url)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if got := describe(client); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func describe(client redis.UniversalClient) string {
	switch client := client.(type) {
	case *redis.Client:
		o := client.Options()
		if o.Addr == "FailoverClient" {
			return "Sentinel"
		}
		return fmt.Sprintf("node %s user=%s password=%s db=%d tls=%v",
			o.Addr, o.Username, o.Password, o.DB, o.TLSConfig != nil)
	case *redis.ClusterClient:
		o := client.Options()
		return fmt.Sprintf("Cluster %v user=%s password=%s tls=%v",
			o.Addrs, o.Username, o.Password, o.TLSConfig != nil)
	default:
		return fmt.Sprintf("%T", client)
	}
}

// The error of an invalid URL does not contain the password, even if the password is not
// percent-encoded and becomes another part of the URL.
func TestRedisURLErrorContainsNoPassword(t *testing.T) {
	for _, url := range []string{
		"",
		"localhost:6379",
		"http://:hush@localhost",
		"redis://:hu/sh@localhost",
		"redis://:12/hush@localhost",
		"redis://:hush%@localhost",
		"redis://:hush@localhost:port",
		"redis://:hush@localhost/database",
		"redis://:hush@localhost?poolsize=1",
		"redis://:hush@a:1,b:2?poolsize=1",
		"redis+sentinel://:hush@a:26379",
		"redis+sentinel://:hush@a:26379,b:26379/",
		"redis+cluster://a:1",
	} {
		client, err := redisClient(url)
		if err == nil {
			client.Close()
			t.Errorf("%q: got no error", url)
			continue
		}
		if !strings.HasPrefix(err.Error(), "REDIS_URL") {
			t.Errorf("%q: got error %q, want one that names REDIS_URL", url, err)
		}
		if strings.Contains(err.Error(), "hu") {
			t.Errorf("%q: the error %q contains the password", url, err)
		}
	}
}
