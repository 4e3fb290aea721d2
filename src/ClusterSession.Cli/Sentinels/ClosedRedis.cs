using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Control;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Cli.Sentinels;

/// <summary>
/// A Redis that serves the data of this host to nobody but this process, until that lets it end.
/// </summary>
/// <remarks>
/// <code>
/// port      a free one of 127.0.0.1; no TLS, no socket file
/// users     one, with a password of this start; "default" is off, the unit's users are not there
/// role      replica of an address where nobody listens: it takes no writes, and nothing expires or
///           is rewritten
/// files     read, and not written; a kill leaves them as they were
/// </code>
/// Sentinels do not know the port, and could not log in.
/// </remarks>
internal sealed class ClosedRedis : IAsyncDisposable
{
    private const string User = "cluster-session-merge";
    private const int PasswordBytes = 32;
    private const int LastWords = 8;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly Queue<string> _words = new();

    private ClosedRedis(Process process, RedisOptions connection)
    {
        (_process, Connection) = (process, connection);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    /// <summary>How to reach it.</summary>
    public RedisOptions Connection { get; }

    /// <summary>Where it listens.</summary>
    public RedisEndpoint Endpoint => Connection.Endpoints[0];

    /// <summary>Starts it, and waits until it has loaded, for as long as that takes.</summary>
    /// <exception cref="IOException">It does not start; says why.</exception>
    public static async Task<ClosedRedis> StartAsync(
        string program,
        RedisDataFiles data,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var connection = new RedisOptions
        {
            User = User,
            Password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PasswordBytes)),
            ConnectTimeout = ConnectTimeout,
        };
        connection.Endpoints.Add(new RedisEndpoint("127.0.0.1", FreePort()));
        var redis = new ClosedRedis(Start(program), connection);
        try
        {
            redis._process.BeginOutputReadLine();
            redis._process.BeginErrorReadLine();
            // By its input: neither other users nor a file that stays behind show it.
            foreach (var line in redis.Lines(data))
            {
                await redis._process.StandardInput.WriteLineAsync(line).ConfigureAwait(false);
            }

            redis._process.StandardInput.Close();
            await redis.LoadedAsync(time, cancellation).ConfigureAwait(false);
            return redis;
        }
        catch
        {
            await redis.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true); // There is nothing that it would have to write.
        }

        await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        _process.Dispose();
    }

    private static Process Start(string program)
    {
        var start = new ProcessStartInfo(program, ["-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("NOTIFY_SOCKET"); // The unit is not ready when this one is.
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            throw new IOException($"{program} cannot be started: {failure.Message}", failure);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private IEnumerable<string> Lines(RedisDataFiles data)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Connection.Password!)));
        return
        [
            .. data.Lines(),
            "bind 127.0.0.1",
            string.Create(CultureInfo.InvariantCulture, $"port {Endpoint.Port}"),
            "daemonize no",
            "supervised no",
            // With all rights: Redis reads its append-only file as this user.
            "user default reset off ~* &* +@all",
            $"user {User} reset on #{digest} ~* &* +@all",
            $"replicaof {Nobody.Host} {Nobody.Port}",
            "replica-read-only yes",
            "replica-serve-stale-data yes",
        ];
    }

    private async Task LoadedAsync(TimeProvider time, CancellationToken cancellation)
    {
        var connector = new RedisConnector(Connection, time, null, new RedisHandshakeOptions());
        while (true)
        {
            if (_process.HasExited)
            {
                await _process.WaitForExitAsync(cancellation).ConfigureAwait(false); // Its last words are read then.
                throw new IOException(
                    $"redis-server ended with {_process.ExitCode} instead of loading the data. It said: {Words()}"
                );
            }

            try
            {
                await using var made = await connector.ConnectAsync(Endpoint, cancellation).ConfigureAwait(false);
                return;
            }
            catch (ConnectException)
            {
                await Task.Delay(Pause, time, cancellation).ConfigureAwait(false); // It loads.
            }
        }
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            lock (_words)
            {
                _words.Enqueue(line);
                while (_words.Count > LastWords)
                {
                    _words.Dequeue();
                }
            }
        }
    }

    private string Words()
    {
        lock (_words)
        {
            return string.Join(" / ", _words);
        }
    }
}
