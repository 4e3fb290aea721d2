namespace ClusterSession.Cli.Generating;

/// <summary>
/// Every file of a site. Pure: the same description and secrets give the same bytes.
/// </summary>
internal static class SiteFiles
{
    public static IReadOnlyList<GeneratedFile> Of(SiteDescription site, SiteSecrets secrets)
    {
        GeneratedFile[] files = [.. All(site, secrets)];
        return [.. files.Append(HostList.Of(site, files)).OrderBy(file => file.Path, StringComparer.Ordinal)];
    }

    /// <summary>What systemd makes on the hosts: the directories of all processes.</summary>
    public static IEnumerable<string> Directories(SiteDescription site) =>
        site
            .Redis.Select(redis => redis.Name)
            .Concat(site.Sentinels.Select(sentinel => sentinel.Name))
            .Concat(site.Members.Select(member => $"{member.Name}-agent"))
            .Concat(site.ZooKeepers.Select(server => server.Name))
            .Concat(site.Voter is { } voter ? [$"{voter.Name}-agent"] : [])
            .Concat(["nginx", "haproxy"])
            .Select(name => $"{site.DataDirectory}/{name}");

    private static IEnumerable<GeneratedFile> All(SiteDescription site, SiteSecrets secrets)
    {
        yield return NginxMain.Of(site);
        yield return DrainScript.Of(site);
        yield return NginxFile.Hashed(site);
        yield return NginxFile.Spread(site);
        yield return HaproxyFiles.Http(site);
        yield return AgentFiles.Application(site, secrets);
        foreach (var unit in SystemdUnits.All(site))
        {
            yield return unit;
        }

        if (site.Traffic == TrafficSwitch.Sentinel)
        {
            foreach (var redis in site.Redis)
            {
                yield return RedisFiles.Watched(site, secrets, redis);
                yield return SentinelMergeFile.Of(site, secrets, redis);
            }

            foreach (var sentinel in site.Sentinels)
            {
                yield return SentinelFile.Of(site, secrets, sentinel);
            }

            yield break;
        }

        if (site.Traffic == TrafficSwitch.Haproxy)
        {
            yield return HaproxyFiles.Redis(site);
        }

        foreach (var redis in site.Addressed)
        {
            yield return KeepalivedFiles.Of(site, redis);
            yield return KeepalivedFiles.Check(site, redis);
        }

        if (site.IsAlone)
        {
            foreach (var redis in site.Candidates)
            {
                yield return KeepalivedFiles.Notify(site, redis);
                yield return RedisFiles.Closed(site, secrets, redis);
                yield return AgentFiles.Notified(site, secrets, redis);
            }
        }

        foreach (var redis in site.Members)
        {
            yield return RedisFiles.Closed(site, secrets, redis);
            yield return AgentFiles.Agent(site, secrets, redis);
        }

        foreach (var redis in site.ReplicasWithFollower)
        {
            yield return RedisFiles.Closed(site, secrets, redis);
            yield return AgentFiles.Follower(site, secrets, redis);
        }

        foreach (var server in site.ZooKeepers)
        {
            yield return ZooKeeperFiles.Of(site, site.Ensemble!, server);
        }

        if (site.ReplicasThroughHaproxy.Any())
        {
            yield return HaproxyFiles.Replication(site);
        }

        foreach (var redis in site.ReplicasThroughHaproxy)
        {
            yield return RedisFiles.Following(site, secrets, redis);
        }

        if (site.Voter is { } voter)
        {
            yield return AgentFiles.Voter(site, secrets, voter);
        }
    }
}
