using System.Reflection;
using ClusterSession.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// A type that needs many others is more than one concept. Options, clock, randomness, logs and
/// metrics are had by everybody and do not count.
/// </summary>
public sealed class ConstructorTests
{
    private const int MaxCollaborators = 7;

    private static readonly Assembly[] Ours =
    [
        typeof(IClusterSession).Assembly,
        typeof(ConnectException).Assembly,
        typeof(ClusterSession.Redis.IRedisCredentials).Assembly,
        typeof(ClusterSession.ZooKeeper.ZooKeeperClient).Assembly,
        typeof(ClusterSession.Failover.RaftCoordinatorOptions).Assembly,
        typeof(Microsoft.Extensions.DependencyInjection.ZooKeeperCoordinatorExtensions).Assembly,
        typeof(Microsoft.Extensions.DependencyInjection.EtcdCoordinatorExtensions).Assembly,
    ];

    /// <summary>Types that need more, with the reason.</summary>
    private static readonly Dictionary<string, string> Exceptions = new()
    {
        ["RequestSessionServices"] =
            "what a request's session needs, as one reference: it gathers, and does nothing itself",
    };

    [Fact]
    public void Constructors_take_at_most_seven_collaborators()
    {
        var many = Ours.SelectMany(assembly => assembly.GetTypes())
            .Where(type =>
                type is { IsClass: true }
                && !type.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute))
            )
            .SelectMany(type =>
                type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            )
            .Where(constructor => Collaborators(constructor).Count() > MaxCollaborators)
            .Select(constructor => constructor.DeclaringType!.Name)
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToArray();
        Assert.Equal(Exceptions.Keys.Order(StringComparer.Ordinal), many);
    }

    /// <summary>Values, which are passed and not asked, are no collaborators.</summary>
    private static IEnumerable<Type> Collaborators(ConstructorInfo constructor) =>
        constructor
            .GetParameters()
            .Select(parameter => parameter.ParameterType)
            .Where(type =>
                !type.IsValueType
                && !type.IsByRef
                && type != typeof(string)
                && !IsEverywhere(type)
                && Ours.Contains(type.Assembly)
            );

    private static bool IsEverywhere(Type type) =>
        type.Name is "SessionMetrics" or "LossLog" or "RedisFailureLog"
        || typeof(ILogger).IsAssignableFrom(type)
        || type == typeof(TimeProvider)
        || type == typeof(Random)
        || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IOptions<>))
        || type.Name.EndsWith("Options", StringComparison.Ordinal)
        || type.Name.StartsWith("Session" + "Record", StringComparison.Ordinal);
}
