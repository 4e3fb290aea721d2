using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>Keys of Data Protection in a real Redis, in hosts that have no pipeline.</summary>
public sealed class DataProtectionTests
{
    [Fact]
    public async Task Keys_made_at_one_node_are_read_at_another_and_survive_a_Redis_that_was_emptied()
    {
        await using var redis = await RedisServer.StartAsync();
        using var directories = new TemporaryDirectory();
        using var a = await StartAsync(redis, directories.File("a"));
        using var b = await StartAsync(redis, directories.File("b"));
        var first = Protector(a).Protect([1]);
        await Condition.HoldsAsync(() => IsRead(b, first), "the first key is known at the other node");
        foreach (var key in Manager(b).GetAllKeys())
        {
            Manager(b).RevokeKey(key.KeyId);
        }

        Manager(b).CreateNewKey(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddDays(-1));
        await Condition.HoldsAsync(() => !IsRead(a, first), "the revocation counts at the first node");

        byte[] second = [];
        await Condition.HoldsAsync(() => IsRead(b, second = Protector(a).Protect([1])), "both use a new key");
        await redis.RestartAsync();
        await Condition.HoldsAsync(
            async () =>
                (await redis.AskAsync("KEYS", "cs*:1:document:{data-protection}")).Contains(
                    "data-protection",
                    StringComparison.Ordinal
                ),
            "the keys are restored"
        );
        using var late = await StartAsync(redis, directories.File("late"));
        await Condition.HoldsAsync(() => IsRead(late, second), "the keys are known at a node that starts later");
        await Task.WhenAll(a.StopAsync(), b.StopAsync(), late.StopAsync());
    }

    private static async Task<IHost> StartAsync(RedisServer redis, string directory)
    {
        Directory.CreateDirectory(directory);
        var builder = Host.CreateEmptyApplicationBuilder(
            new HostApplicationBuilderSettings { ContentRootPath = directory }
        );
        builder.Services.AddClusterSession().UseStore(_ => RedisNode.Store(redis.ConnectionString));
        builder.Services.AddDataProtection().PersistKeysToClusterSession();
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private static IKeyManager Manager(IHost host) => host.Services.GetRequiredService<IKeyManager>();

    private static IDataProtector Protector(IHost host) =>
        host.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test");

    private static bool IsRead(IHost host, byte[] secret)
    {
        try
        {
            return Protector(host).Unprotect(secret) is [1];
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            return false;
        }
    }
}
