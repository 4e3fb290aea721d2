using System.Globalization;
using ClusterSession.Failover.Coordination;
using Microsoft.Extensions.Options;

namespace ClusterSession.Failover.Options;

/// <summary>Says everything that is wrong with an agent's settings at once.</summary>
/// <param name="kinds">Coordination stores that a setting may name.</param>
internal sealed class FailoverValidator(IEnumerable<ICoordinatorKind> kinds) : IValidateOptions<FailoverOptions>
{
    private const string Path = FailoverConfiguration.Section + ":";
    private const int LongestName = 64;
    private const int ShortestSecret = 16;
    private const int MaxPromotions = 20;
    private const int MaxDatabase = 1_000_000;
    private const string NameRule = "Set 1 to 64 letters, digits, '.', '_' or '-'";

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, FailoverOptions options)
    {
        string[] errors =
        [
            .. options.ReadErrors,
            .. Names(options),
            .. Members(options),
            .. StoreRules.Of(options, kinds),
            .. Place(options),
            .. Track(options),
            .. Redis(options),
            .. Times(options),
            .. Together(options),
        ];
        return errors.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static IEnumerable<string> Names(FailoverOptions options)
    {
        if (!IsName(options.Cluster))
        {
            yield return $"{Path}Cluster is '{options.Cluster}'. {NameRule}, alike on all members and another for each "
                + "cluster that uses the same coordination store.";
        }

        if (!IsName(options.KeyPrefix))
        {
            yield return $"{Path}KeyPrefix is '{options.KeyPrefix}'. {NameRule}: the KeyPrefix of the application, "
                + "since the lease record is among its keys.";
        }

        if (options.IsFollower)
        {
            if (!IsName(options.Name))
            {
                yield return $"{Path}Name is '{options.Name}'. {NameRule}, that no member has.";
            }
            else if (options.Members.Any(member => member.Name == options.Name))
            {
                yield return $"{Path}Name is '{options.Name}', which is a member, and a follower is none. Set another "
                    + "name, or run \"cluster-session failover agent\" beside the Redis of that member.";
            }
        }
        else if (options.Members.All(member => member.Name != options.Name) || options.Name is null)
        {
            yield return $"{Path}Name is '{options.Name}'. Set it to the name of this agent's member: "
                + $"{string.Join(", ", options.Members.Select(member => member.Name))}.";
        }
    }

    private static IEnumerable<string> Members(FailoverOptions options)
    {
        for (var i = 0; i < options.Members.Count; i++)
        {
            var (path, member) = ($"{Path}Members:{i}:", options.Members[i]);
            if (!IsName(member.Name))
            {
                yield return $"{path}Name is '{member.Name}'. {NameRule}.";
            }

            if (!RedisAddress.TryParse(member.Redis, out _))
            {
                yield return $"{path}Redis is '{member.Redis}'. Set it to host:port, as the other members reach it, "
                    + "such as 'redis-a.example:6379'.";
            }

            if (!IsAddress(member.Agent))
            {
                yield return $"{path}Agent is '{member.Agent}'. Set it to an address such as "
                    + "'https://redis-a.example:7400', without path or query.";
            }
        }

        foreach (
            var twice in Twice(options.Members.Select(member => member.Name))
                .Concat(Twice(options.Members.Select(member => member.Redis)))
                .Concat(Twice(options.Store().Select(address => address.ToString())))
        )
        {
            yield return $"{Path}Members and Voter name '{twice}' twice. Name each member, Redis and agent once.";
        }

        if (options.Members.Count > 0 && options.Members.All(member => member.IsReadReplica))
        {
            yield return $"{Path}Members are all IsReadReplica. Let one at least be a candidate, or nobody becomes "
                + "master.";
        }
    }

    private static IEnumerable<string> Place(FailoverOptions options)
    {
        if (options.Secret is not { Length: >= ShortestSecret } secret)
        {
            yield return $"{Path}Secret has {options.Secret?.Length ?? 0} characters. Set at least {ShortestSecret}, "
                + "chosen at random, alike on all members and the voter.";
        }
        else if (!secret.All(static c => c is > ' ' and <= '~'))
        {
            yield return $"{Path}Secret has a character that no HTTP header takes. Use letters, digits and signs of "
                + "ASCII.";
        }
    }

    private static IEnumerable<string> Track(FailoverOptions options)
    {
        if (options.TrackFile is not { } file)
        {
            yield break;
        }

        if (options.IsFollower)
        {
            yield return $"{Path}TrackFile is '{file}', and a follower's Redis is never the master. Leave it out.";
        }
        else if (!System.IO.Path.IsPathFullyQualified(file) || !Directory.Exists(System.IO.Path.GetDirectoryName(file)))
        {
            yield return $"{Path}TrackFile is '{file}', which is no full path of a file in a directory that exists. "
                + "Make a directory that this agent may write, such as /run/cluster-session/redis-a, and name a file "
                + "in it.";
        }
    }

    private static IEnumerable<string> Redis(FailoverOptions options)
    {
        if (options is { IsFollower: true, RedisAddress: null })
        {
            yield return $"{Path}RedisAddress is not set. Set it to the Redis of this follower as host:port, such as "
                + "'127.0.0.1:6379': Members does not name it.";
        }
        else if (
            options.IsFollower
            && options.Members.FirstOrDefault(member => member.Redis == options.RedisAddress) is { } owner
        )
        {
            yield return $"{Path}RedisAddress is '{options.RedisAddress}', which is the Redis of the member "
                + $"{owner.Name}. Set it to the Redis of this follower: a member's is commanded by its agent alone.";
        }

        if (options.RedisAddress is not null && !RedisAddress.TryParse(options.RedisAddress, out _))
        {
            yield return $"{Path}RedisAddress is '{options.RedisAddress}'. Set it to host:port, such as "
                + "'127.0.0.1:6379', or leave it out.";
        }

        if (string.IsNullOrEmpty(options.RedisPassword))
        {
            yield return $"{Path}RedisPassword is empty. Set the password of the user '{options.RedisUser}', who "
                + "commands each Redis.";
        }

        if (options.RedisDatabase is < 0 or > MaxDatabase)
        {
            yield return $"{Path}RedisDatabase is {options.RedisDatabase}. Set it between 0 and {MaxDatabase}.";
        }

        foreach (
            var (setting, file) in new[]
            {
                ("RedisTlsCaFile", options.RedisTlsCaFile),
                ("RedisTlsCertificateFile", options.RedisTlsCertificateFile),
                ("RedisTlsKeyFile", options.RedisTlsKeyFile),
            }
        )
        {
            if (file is not null && !File.Exists(file))
            {
                yield return $"{Path}{setting} is '{file}', which is not there or not readable. Set it to a PEM file.";
            }
        }

        if (options.RedisTlsCertificateFile is null != options.RedisTlsKeyFile is null)
        {
            yield return $"{Path}RedisTlsCertificateFile is '{options.RedisTlsCertificateFile}', and RedisTlsKeyFile "
                + $"is '{options.RedisTlsKeyFile}'. Set both, or none.";
        }

        foreach (
            var (setting, user) in new[]
            {
                ("RedisUser", options.RedisUser),
                ("ApplicationUser", options.ApplicationUser),
            }
        )
        {
            if (!IsName(user) || user == "default")
            {
                yield return $"{Path}{setting} is '{user}'. {NameRule}; the user 'default' is off in a Redis with an "
                    + "agent.";
            }
        }

        if (options.RedisUser == options.ApplicationUser)
        {
            yield return $"{Path}ApplicationUser is '{options.ApplicationUser}', as RedisUser. Use two users: closing "
                + "a Redis locks out the application's, and must not lock out the agent.";
        }
    }

    private static IEnumerable<string> Times(FailoverOptions options) =>
        [
            .. Range(nameof(options.Ttl), options.Ttl, TimeSpan.FromSeconds(1), Minute),
            .. Range(nameof(options.Interval), options.Interval, Milliseconds(20), TimeSpan.FromSeconds(5)),
            .. Range(nameof(options.Deadline), options.Deadline, Milliseconds(50), TimeSpan.FromSeconds(10)),
            .. Range(nameof(options.DeadAfter), options.DeadAfter, Milliseconds(50), Minute),
            .. Range(nameof(options.GatherWait), options.GatherWait, TimeSpan.Zero, Minute),
            .. Range(nameof(options.NewerDataWait), options.NewerDataWait, TimeSpan.Zero, TimeSpan.FromHours(1)),
            .. Range(nameof(options.StepWait), options.StepWait, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
            .. Range(nameof(options.FlappingWindow), options.FlappingWindow, TimeSpan.Zero, TimeSpan.FromDays(1)),
            .. Range(nameof(options.IdleTimeout), options.IdleTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(365)),
            .. Range(nameof(options.TicketLife), options.TicketLife, TimeSpan.Zero, TimeSpan.FromDays(365)),
            .. Range(nameof(options.ReturnAfter), options.ReturnAfter, TimeSpan.Zero, TimeSpan.FromDays(1)),
        ];

    private static IEnumerable<string> Together(FailoverOptions options)
    {
        var round = options.Interval + 2 * options.Deadline;
        var counted = options.Ttl - options.Margin - options.Ttl * options.Drift;
        if (round > counted)
        {
            yield return $"{Path}Ttl is {Text(options.Ttl)}, of which the holder counts {Text(counted)}. That is "
                + $"shorter than Interval and two Deadlines, {Text(round)}: it could not renew in time. Raise Ttl, or "
                + "lower the others.";
        }

        if (options.RecordLife < round || options.RecordLife > options.Ttl)
        {
            yield return $"{Path}RecordLife is {Text(options.RecordLife)}. Set it between Interval and two Deadlines, "
                + $"{Text(round)}, and Ttl, {Text(options.Ttl)}.";
        }

        if (options.MaxPromotions is < 1 or > MaxPromotions)
        {
            yield return $"{Path}MaxPromotions is {options.MaxPromotions}. Set it between 1 and {MaxPromotions}.";
        }
    }

    private static IEnumerable<string> Range(string setting, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            yield return $"{Path}{setting} is {Text(value)}. Set it between {Text(least)} and {Text(most)}.";
        }
    }

    private static IEnumerable<string> Twice(IEnumerable<string?> values) =>
        values
            .OfType<string>()
            .GroupBy(value => value, StringComparer.OrdinalIgnoreCase)
            .Where(group => group.Count() > 1)
            .Select(group => group.Key);

    private static TimeSpan Milliseconds(int count) => TimeSpan.FromMilliseconds(count);

    private static string Text(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.###} ms");

    private static bool IsName(string? name) =>
        name is { Length: >= 1 and <= LongestName }
        && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
        && name.Any(static c => c != '.'); // Names are parts of paths.

    public static bool IsAddress(Uri? address) =>
        address is { IsAbsoluteUri: true, PathAndQuery: "/" }
        && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp);
}
