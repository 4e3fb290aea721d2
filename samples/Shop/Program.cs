// One node of the shop. Several of them behind a balancer share their sessions through Redis, and
// any of them may die.
//
//   dotnet run --project samples/Shop -- --urls http://127.0.0.1:5000 --Node node-1 \
//     --ConnectionStrings:Redis 127.0.0.1:6379
//
// Without a connection string the sessions stay in this process: enough for one node, and a way to
// see what several would lose.

using ClusterSession;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.FileProviders;
using Shop.Carts;
using Shop.Customers;
using Shop.Nodes;
using Shop.Page;

var builder = WebApplication.CreateBuilder(args);
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(new NodeIdentity(builder.Configuration["Node"] ?? "node-1"));
builder.Services.AddSingleton<CartResponder>();

var sessions = builder.Services.AddClusterSession(o =>
{
    o.IdleTimeout = TimeSpan.FromMinutes(20);
    o.Cookie.Name = ".Shop";
    o.Durability = SessionDurability.Primary;
});
if (builder.Configuration.GetConnectionString("Redis") is { Length: > 0 } redis)
{
    sessions.UseRedis(redis);
}
// As "cluster-session config generate" writes it: with key prefix and cookie in the same section.
else if (builder.Configuration["ClusterSession:Redis"] is { Length: > 0 })
{
    sessions.UseRedis();
}
else
{
    sessions.UseInMemory();
}

// A login is in the store beside the session, and every node can read its cookie.
sessions.AddTicketStore();
builder.Services.AddDataProtection().PersistKeysToClusterSession();
builder
    .Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
    .AddCookie(o => o.Cookie.Name = ".Shop.Login");

var app = builder.Build();

app.UsePageHeaders();

// Before the session: a request for the page's own files never opens one.
var page = new EmbeddedFileProvider(typeof(NodeIdentity).Assembly, "Shop.Page.Files");
app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = page });
app.UseStaticFiles(new StaticFileOptions { FileProvider = page, OnPrepareResponse = PageHeaders.AskAgain });
app.UseAuthentication();
app.UseClusterSession();

app.MapCart();
app.MapCustomer();
app.MapNode();
app.Run();
